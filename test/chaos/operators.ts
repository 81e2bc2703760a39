import { setTimeout as delay } from 'node:timers/promises'
import { createAcknowledged } from '../support/acknowledged.ts'
import { rotations } from '../support/fault-grants.ts'
import type { FaultProvider } from '../support/fault-provider.ts'
import type { Nodes, Reply } from '../support/nodes.ts'
import { settingsOf } from './connect-all.ts'

export interface OperatorFindings {
  readonly 'writes acknowledged': number
  readonly 'acknowledged writes lost': number
}

type Request = Nodes['request']

/** So few that the two meet. */
const sharedAccounts = 10
const pause = 100
/** Far enough in the future not to be announced. */
const expiresIn = 1_000 * 86_400_000
const retryAfter = 250

/**
 * Two operators who write all the while: each adds a secret and puts the app as it was, and notes facts of the same
 * accounts, by `ifVersion`.
 */
export function startOperators({
  request,
  provider,
  names,
  say,
}: {
  request: Request
  provider: FaultProvider
  names: readonly string[]
  say(line: string): void
}) {
  const acknowledged = createAcknowledged()
  const accounts = names.slice(0, sharedAccounts)
  let over = false
  let count = 0
  let done = 0

  /** Undefined without a reply: it may have been applied or not. */
  const ask = (subject: string, body?: object): Promise<Reply | undefined> =>
    request(subject, body).catch(() => undefined)

  async function insist(write: () => Promise<Reply | undefined>, unanswered: () => void): Promise<boolean> {
    while (!over) {
      const reply = await write()
      if (reply === undefined) unanswered()
      else if (reply.error === undefined) return true
      await delay(retryAfter)
    }
    return false
  }

  async function write(place: string, key: string, value: string, how: () => Promise<Reply | undefined>) {
    const writing = acknowledged.writing(place, key, value)
    if (!(await insist(how, writing.unanswered))) return writing.unanswered()
    done++
    writing.done()
  }

  async function addSecret(id: string): Promise<void> {
    const n = ++count
    const app = rotations[n % rotations.length] as string
    const expiresAt = new Date(Date.now() + expiresIn + n).toISOString()
    await write(app, id, expiresAt, () =>
      ask(`app.secret.add.${app}`, { id, secret: `spare-${n}`, expiresAt }),
    )
    await ask(`app.put.${app}`, settingsOf(app, provider))
  }

  async function note(fact: string): Promise<void> {
    const n = ++count
    const account = accounts[n % accounts.length] as string
    await write(account, fact, String(n), async () => {
      const seen = await ask(`account.get.${account}`)
      if (seen === undefined || seen.error !== undefined) return { error: 'not read' }
      const { app, user, metadata, version: ifVersion } = seen
      return ask(`account.put.${account}`, { app, user, metadata: { ...metadata, [fact]: n }, ifVersion })
    })
  }

  async function operate(name: string): Promise<void> {
    while (!over) {
      await addSecret(name)
      await note(name)
      await delay(pause)
    }
  }

  async function lost(): Promise<string[]> {
    const ofAccounts = accounts.map(async (account) => {
      const { metadata = {} } = await request(`account.get.${account}`)
      return acknowledged.lost(account, (fact) => metadata[fact]?.toString())
    })
    const ofApps = rotations.map(async (app) => {
      const { secrets } = await request(`app.get.${app}`)
      const find = (id: string) => secrets.find((secret: { id: string }) => secret.id === id)?.expiresAt
      return acknowledged.lost(app, find)
    })
    return (await Promise.all([...ofAccounts, ...ofApps])).filter((each) => each !== undefined)
  }

  const operators = Promise.all(['one', 'other'].map(operate))
  return {
    /** Stops writing; every acknowledged change must be there. */
    async stop(): Promise<OperatorFindings> {
      over = true
      await operators
      const missing = await lost()
      for (const line of missing) say(`lost: ${line}`)
      return { 'writes acknowledged': done, 'acknowledged writes lost': missing.length }
    },
  }
}
