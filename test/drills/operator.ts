import { setTimeout as delay } from 'node:timers/promises'
import { connect, type NatsConnection } from 'nats'
import { eventually } from '../support/eventually.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'

export interface Operator extends AsyncDisposable {
  /** An action of the drill or of its operator. */
  did(what: string): void
  /** Waits until this was seen, counting from the last thing done. */
  sees(what: RegExp, within?: number): Promise<void>
  doesNotSee(what: RegExp): void
  /** Waits until the node is ready, serves the token and has an empty outbox; returns how long that took. */
  allIsWell(within?: number): Promise<void>
}

const pollInterval = 50
const info = 30

/** Watches a node as its operator does: log, `/readyz`, `/healthz/events`, and a service that reads a token over NATS. */
export async function watchAsOperator({
  node,
  natsUrl,
  account,
  say,
}: {
  node: TokenbusProcess
  natsUrl: string
  account: string
  say(line: string): void
}): Promise<Operator> {
  const nats = await connect({ servers: natsUrl, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  const began = performance.now()
  const last = new Map<string, string>()
  const seen: string[] = []
  let readLog = node.output().length
  let doneAt = 0
  let well = false
  let over = false

  function note(line: string): void {
    seen.push(line)
    say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${line}`)
  }

  function changed(what: string, to: string): void {
    if (last.get(what) === to) return
    last.set(what, to)
    note(`${what}: ${to}`)
  }

  function readNewLog(): void {
    const lines = node.output().slice(readLog).split('\n')
    readLog = node.output().length - (lines.pop() as string).length
    for (const line of lines) {
      const { level, msg, ...fields } = JSON.parse(line)
      if (level < info || fields.audit !== undefined) continue
      note(
        `log ${level > 40 ? 'error' : level > info ? 'warn' : 'info'}: ${msg}${fields.reason ? ` (${fields.reason})` : ''}`,
      )
    }
  }

  async function look(): Promise<void> {
    readNewLog()
    const ready = await asked(`${node.httpUrl()}/readyz`)
    changed('/readyz', ready.status === 200 ? '200' : `503 ${ready.missing} ${ready.reasons ?? ''}`.trim())
    const events = await asked(`${node.httpUrl()}/healthz/events`)
    changed('/healthz/events', `${events.status} ${events.reason ?? ''}`.trim())
    const token = await readToken(nats, account)
    changed('token.get', token)
    well = ready.status === 200 && token === 'served' && events.waiting === 0
  }

  async function keepLooking(): Promise<void> {
    while (!over) {
      await look().catch((error) => note(`the drill failed to look: ${error}`))
      await delay(pollInterval)
    }
  }

  const looking = keepLooking()
  return {
    did(what) {
      note(`>> ${what}`)
      doneAt = seen.length
      well = false
    },
    sees: (what, within = 30_000) =>
      eventually(
        () => {
          if (!seen.slice(doneAt).some((line) => what.test(line))) throw new Error(`nobody saw ${what}`)
        },
        { within },
      ),
    doesNotSee(what) {
      const found = seen.find((line) => what.test(line))
      if (found !== undefined) throw new Error(`the operator saw: ${found}`)
    },
    async allIsWell(within = 60_000) {
      const since = performance.now()
      await delay(pollInterval)
      well = false
      await eventually(
        () => {
          if (!well) throw new Error('not all is well')
        },
        { within },
      )
      note(`all is well again, ${((performance.now() - since) / 1_000).toFixed(1)} s after it was mended`)
    },
    async [Symbol.asyncDispose]() {
      over = true
      await looking
      await nats.close()
    },
  }
}

async function asked(url: string): Promise<{ [field: string]: unknown }> {
  const reply = await fetch(url)
  const body = (await reply.json()) as object
  return { ...body, status: url.endsWith('readyz') ? reply.status : (body as { status: string }).status }
}

async function readToken(nats: NatsConnection, account: string): Promise<string> {
  try {
    const reply = await nats.request(`token.get.${account}`, undefined, { timeout: 1_000 })
    const { accessToken, error, message } = reply.json<{
      accessToken?: string
      error: string
      message: string
    }>()
    return accessToken === undefined ? `${error} (${message})` : 'served'
  } catch {
    return 'nobody answers'
  }
}
