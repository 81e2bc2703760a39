import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** One request as received by the provider; times in ms of its own clock. */
export interface Call {
  readonly account: string
  readonly at: number
  answeredAt: number | null
  /** `unknown`: the refresh token is none it ever gave. */
  outcome: 'tokens' | 'unknown' | 'invalid_client' | 'reuse' | 'throttled' | null
  /** Requests under way when it came, itself included. */
  readonly atOnce: number
}

export interface CountingProvider extends AsyncDisposable {
  readonly tokenUrl: string
  readonly calls: Call[]
  /** The client secrets it takes. */
  readonly secrets: Set<string>
  /** The first refresh token of an account's grant. Each is good once; a second use ends the grant. */
  grant(account: string): string
  readonly ended: ReadonlySet<string>
  /** `latency`: ms it thinks. `throttle`: answers 429 with this Retry-After, in seconds. */
  behave(how: { latency?: number; expiresIn?: number; throttle?: number | null }): void
  /** Those for an account: all but the controls. */
  ofAccounts(calls?: readonly Call[]): Call[]
  /** The requests that arrived after the first refusal of the client was received. */
  afterFirstRefusal(calls?: readonly Call[]): number
}

/** Between the first refresh tokens of one account's grants: no token is ever issued twice. */
const grantsApart = 1_000

/** A token endpoint over HTTP that rotates strictly, checks the client's secret, and notes every call. */
export async function startCountingProvider(): Promise<CountingProvider> {
  const newest = new Map<string, number>()
  const ended = new Set<string>()
  const calls: Call[] = []
  const secrets = new Set<string>()
  let how = { latency: 0, expiresIn: 3_600, throttle: null as number | null }
  let underWay = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const sent = new URLSearchParams(Buffer.concat(chunks).toString()).get('refresh_token') ?? ''
    const [, account = '', number = ''] = sent.split('/')
    const call: Call = { account, at: performance.now(), answeredAt: null, outcome: null, atOnce: ++underWay }
    calls.push(call)
    if (how.latency > 0) await delay(how.latency)
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ')
    const [, secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
    const { status, headers = {}, body } = judge(call, Number(number), decodeURIComponent(secret))
    underWay--
    call.answeredAt = performance.now()
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

  function judge(call: Call, number: number, secret: string) {
    const { account } = call
    if (how.throttle !== null) {
      call.outcome = 'throttled'
      return { status: 429, headers: { 'retry-after': how.throttle }, body: { error: 'slow_down' } }
    }
    if (!secrets.has(secret)) {
      call.outcome = 'invalid_client'
      return { status: 401, body: { error: 'invalid_client' } }
    }
    if (!newest.has(account)) {
      call.outcome = 'unknown'
      return { status: 400, body: { error: 'invalid_grant' } }
    }
    if (newest.get(account) !== number || ended.has(account)) {
      call.outcome = 'reuse'
      ended.add(account)
      return { status: 400, body: { error: 'invalid_grant' } }
    }
    call.outcome = 'tokens'
    newest.set(account, number + 1)
    const { expiresIn: expires_in } = how
    const tokens = {
      access_token: `at/${account}/${number + 1}`,
      refresh_token: `rt/${account}/${number + 1}`,
    }
    return { status: 200, body: { ...tokens, token_type: 'Bearer', expires_in } }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return {
    tokenUrl: `http://127.0.0.1:${port}/token`,
    calls,
    secrets,
    ended,
    grant(account) {
      const first = Math.ceil(((newest.get(account) ?? -1) + 1) / grantsApart) * grantsApart
      newest.set(account, first)
      return `rt/${account}/${first}`
    },
    behave(changed) {
      how = { ...how, ...changed }
    },
    ofAccounts: (among = calls) => among.filter(({ account }) => account !== ''),
    afterFirstRefusal(among = calls) {
      const refusals = among.filter(({ outcome, account }) => outcome === 'invalid_client' && account !== '')
      const first = Math.min(...refusals.map(({ answeredAt }) => answeredAt as number))
      return among.filter(({ at }) => at > first).length
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
