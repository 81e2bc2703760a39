import { setTimeout as delay } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import { startNodes } from '../support/nodes.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'
import { createReadyNodes } from './ready-nodes.ts'

export interface Answers {
  readonly answered: number
  readonly failed: number
}

export interface RollingRestart {
  /** Milliseconds under load. */
  readonly took: number
  readonly http: Answers
  readonly nats: Answers
}

const accounts = Array.from({ length: 100 }, (_, index) => `account-${index}`)
const nodeCount = 3
const settleFor = 1_000
/** Asked at once: what is more waits, as behind a load balancer, and the rate that is achieved says so. */
const maxUnderWay = 64

/** Three nodes, one after the other replaced by a new one, while tokens are asked for over NATS and HTTP. */
export async function rollingRestart({
  rate,
  say = () => {},
}: {
  /** Requests per second, over each of the two. */
  readonly rate: number
  readonly say?: (line: string) => void
}): Promise<RollingRestart> {
  await using cluster = await startNodes()
  const env = { TOKENBUS_ENABLE_TOKEN_API: 'true', TOKENBUS_LEAVE_AFTER: '3', TOKENBUS_LOG_LEVEL: 'info' }
  const running: TokenbusProcess[] = []
  for (let index = 0; index < nodeCount; index++) running.push(await cluster.startNode(env))
  await connectAccounts(cluster.request)
  const { token } = await cluster.request('api-token.create', { name: 'reader', scopes: ['token:read'] })
  const ready = createReadyNodes(() => running.map((node) => node.httpUrl()))
  await ready.look()

  const count = { http: { answered: 0, failed: 0 }, nats: { answered: 0, failed: 0 } }
  const underWay = new Set<Promise<void>>()
  let asked = 0
  function ask(how: 'http' | 'nats'): void {
    const account = accounts[asked++ % accounts.length] as string
    const asking = (how === 'http' ? overHttp(account) : overNats(account))
      .then((accessToken) => {
        if (accessToken !== `at-${account}`) throw new Error(`answered ${accessToken}`)
        count[how].answered++
      })
      .catch((error: Error) => {
        count[how].failed++
        say(`${how} failed: ${error.message} ${(error.cause as Error | undefined)?.message ?? ''}`)
      })
      .finally(() => underWay.delete(asking))
    underWay.add(asking)
  }
  const dispatcher = new Agent({ connections: 50 })
  async function overHttp(account: string): Promise<string> {
    const reply = await fetch(`${ready.next()}/v1/account/${account}/oauth-token`, {
      headers: { authorization: `Bearer ${token}` },
      dispatcher,
    })
    return ((await reply.json()) as { accessToken: string }).accessToken
  }
  const overNats = async (account: string) => (await cluster.request(`token.get.${account}`, {})).accessToken

  const startedAt = performance.now()
  const took = () => performance.now() - startedAt
  // Who is late catches up: the rate holds on a busy machine too.
  const load = setInterval(() => {
    while (asked < (took() / 1_000) * 2 * rate && underWay.size < maxUnderWay) {
      ask('http')
      ask('nats')
    }
  }, 10)
  for (const leaving of [...running]) {
    running.push(await cluster.startNode(env))
    await delay(settleFor)
    const code = await leaving.stop()
    running.splice(running.indexOf(leaving), 1)
    say(`a node left with ${code}; so far ${JSON.stringify(count)}`)
  }
  await delay(settleFor)
  clearInterval(load)
  const result = { took: took(), ...count }
  await Promise.all(underWay)
  ready.stop()
  await dispatcher.close()
  return result
}

type Request = (subject: string, payload?: object) => Promise<{ readonly error?: string }>

async function connectAccounts(request: Request): Promise<void> {
  const nowhere = 'http://127.0.0.1:1'
  await request('app.put.drill', {
    provider: 'oidc',
    clientId: 'drill',
    clientSecret: 'secret',
    authorizeUrl: nowhere,
    tokenUrl: nowhere,
  })
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  for (const account of accounts) {
    const grant = { accessToken: `at-${account}`, refreshToken: `rt-${account}`, expires }
    const { error } = await request(`account.put.${account}`, { app: 'drill', user: account, ...grant })
    if (error !== undefined) throw new Error(`account.put: ${error}`)
  }
}
