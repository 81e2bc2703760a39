import { once } from 'node:events'
import type { NatsConnection } from 'nats'
import { Agent, request } from 'undici'
import { Secret } from '../../src/common/secret.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import { eventually } from '../support/eventually.ts'
import { startChild } from './child.ts'
import type { Bench, Finding } from './finding.ts'
import { inTurns, keepInFlight } from './in-turns.ts'
import type { RefreshFloor } from './refresh-floor.ts'
import { createRequester } from './requests.ts'

const perRound = 500
/** In rounds: V8 compiles the code of a cycle again and again over the first 6,000, which costs up to a third of the CPU. */
const warmUp = 12
const rounds = 5
/** What one account may force in a row; one refresh comes before the rounds. */
const forcedInARow = 5
const accounts = ((warmUp + rounds + 1) * perRound) / forcedInARow
const grantsOfFloor = 250
const inFlight = 64

/** Full refresh cycles, from a forced request to the new token, at the sandbox: a real OAuth server that rotates. */
export async function benchRefreshes({ natsUrl, redisUrl }: Bench): Promise<Finding[]> {
  const child = await startChild(new URL('./sandbox.js', import.meta.url))
  const { url, id, secret } = await new Promise<{ url: string; id: string; secret: string }>((resolve) => {
    child.once('message', (message) => resolve(message as never))
    child.send('where')
  })
  const sandbox = { url, client: { id, secret: new Secret(secret) } }
  const provider = createProvider({ allowPrivate: true })
  const requester = await createRequester(natsUrl)
  const ask = (subject: string, body: object) =>
    requester.nats.request(subject, JSON.stringify(body), { timeout: 30_000 })
  const scopes = ['openid', 'email', 'offline_access']
  await ask('app.put.refreshes', {
    provider: 'oidc',
    issuer: url,
    clientId: id,
    clientSecret: secret,
    scopes,
    concurrency: inFlight,
  })
  const bare: string[] = []
  await keepInFlight({ count: accounts + 2 * grantsOfFloor, inFlight: 8 }, async (i) => {
    const { accessToken, refreshToken, ...put } = await connectUser({ sandbox, provider, user: `user${i}` })
    if (i >= accounts) return void bare.push(refreshToken?.reveal() as string)
    const tokens = { accessToken: accessToken?.reveal(), refreshToken: refreshToken?.reveal() }
    await ask(`account.put.cycle${i}`, { ...put, ...tokens, app: 'refreshes', policy: 'lazy' })
  })
  await provider.close()

  const forced = new TextEncoder().encode('{"forceRefresh":true}')
  let next = 1
  const cycles = {
    name: 'cycles',
    run: () =>
      keepInFlight({ count: perRound, inFlight }, async () => {
        if (!(await requester.request(`token.get.cycle${next++ % accounts}`, forced)))
          throw new Error('a refresh failed')
      }),
  }
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const agent = new Agent({ connections: inFlight })
  const own = bare.slice(0, grantsOfFloor)
  const loop = {
    name: 'http',
    run: () =>
      keepInFlight({ count: perRound, inFlight }, async (i) => {
        const body = { grant_type: 'refresh_token', refresh_token: own[i % own.length] as string }
        const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
        const sent = {
          dispatcher: agent,
          method: 'POST',
          headers,
          body: `${new URLSearchParams(body)}`,
        } as const
        const answer = (await (await request(`${url}/token`, sent)).body.json()) as { refresh_token: string }
        own[i % own.length] = answer.refresh_token
      }),
  }
  const floor = await startChild(new URL('./refresh-floor.js', import.meta.url))
  const event = (type: string) => lastEvent(requester.nats, `${type}.cycle0`)
  await ask('token.get.cycle0', { forceRefresh: true })
  floor.send({
    natsUrl,
    redisUrl,
    tokenUrl: `${url}/token`,
    authorization,
    refreshTokens: bare.slice(grantsOfFloor),
    transition: await event('account.transition'),
    refreshed: await event('token.refreshed'),
    connections: inFlight,
  } satisfies RefreshFloor)
  await once(floor, 'message')
  const steps = {
    name: 'steps',
    run: () =>
      keepInFlight({ count: perRound, inFlight }, async (i) => {
        if (!(await requester.request(`floor.refresh.${i % grantsOfFloor}`)))
          throw new Error('a floor cycle failed')
      }),
  }
  const [cycle, floorCycle, bareLoop] = await inTurns([cycles, steps, loop], { rounds, warmUp })
  await agent.close()
  await requester.close()
  return [
    {
      what: 'refresh cycles, 64 in flight',
      perSecond: cycle?.perSecond ?? 0,
      floor: 'the same durable steps, bare',
      floorPerSecond: floorCycle?.perSecond ?? 0,
    },
    {
      what: 'refresh cycles, 64 in flight',
      perSecond: cycle?.perSecond ?? 0,
      floor: 'bare undici loop to the same endpoint',
      floorPerSecond: bareLoop?.perSecond ?? 0,
    },
  ]
}

/** The last event stored under this subject. */
async function lastEvent(nats: NatsConnection, subject: string): Promise<string> {
  const { streams } = await nats.jetstreamManager()
  const stream = subject.startsWith('account.transition.') ? 'TOKENBUS_HISTORY' : 'TOKENBUS_EVENTS'
  return eventually(async () => (await streams.getMessage(stream, { last_by_subj: subject })).string())
}
