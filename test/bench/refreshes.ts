import { Agent, request } from 'undici'
import { createProvider } from '../../src/provider/provider.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import { Secret } from '../../src/secret.ts'
import { startChild } from './child.ts'
import { inTurns, keepInFlight } from './in-turns.ts'
import type { Bench, Finding } from './index.ts'
import { createRequester } from './requests.ts'

const accounts = 500
const perRound = 500
const inFlight = 64

/** Full refresh cycles, from a forced request to the new token, at the sandbox: a real OAuth server that rotates. */
export async function benchRefreshes({ natsUrl }: Bench): Promise<Finding[]> {
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
  await keepInFlight({ count: accounts * 2, inFlight: 8 }, async (i) => {
    const { accessToken, refreshToken, ...put } = await connectUser({ sandbox, provider, user: `user${i}` })
    if (i % 2 === 0) return void bare.push(refreshToken?.reveal() as string)
    const tokens = { accessToken: accessToken?.reveal(), refreshToken: refreshToken?.reveal() }
    await ask(`account.put.cycle${(i - 1) / 2}`, { ...put, ...tokens, app: 'refreshes', policy: 'lazy' })
  })
  await provider.close()

  const agent = new Agent({ connections: inFlight })
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const loop = {
    name: 'http',
    run: () =>
      keepInFlight({ count: perRound, inFlight }, async (i) => {
        const body = new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: bare[i % accounts] as string,
        })
        const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
        const answer = await request(`${url}/token`, {
          dispatcher: agent,
          method: 'POST',
          headers,
          body: body.toString(),
        })
        bare[i % accounts] = ((await answer.body.json()) as { refresh_token: string }).refresh_token
      }),
  }
  const forced = new TextEncoder().encode('{"forceRefresh":true}')
  const cycles = {
    name: 'cycles',
    run: () =>
      keepInFlight({ count: perRound, inFlight }, async (i) => {
        if (!(await requester.request(`token.get.cycle${i % accounts}`, forced)))
          throw new Error('a refresh failed')
      }),
  }
  // Five rounds: what one account may force in a row.
  const [cycle, floor] = await inTurns([cycles, loop], { rounds: 4 })
  await agent.close()
  await requester.close()
  return [
    {
      what: 'refresh cycles, 64 in flight',
      perSecond: cycle?.perSecond ?? 0,
      floor: 'bare undici loop to the same endpoint',
      floorPerSecond: floor?.perSecond ?? 0,
    },
  ]
}
