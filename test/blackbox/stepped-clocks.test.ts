import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { metaKey } from '../../src/redis/keys.ts'
import { eventually } from '../support/eventually.ts'
import { createSteppedClock, fakeTimeLibrary } from '../support/fake-time.ts'
import { type FaultProvider, startFaultProvider } from '../support/fault-provider.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'

const second = 1_000
const tenMinutes = 600 * second
const life = 10

async function redisIsAhead(url: string, by: number): Promise<void> {
  const redis = new Redis(url)
  await eventually(async () => {
    const [seconds] = await redis.time()
    expect(Math.abs(Number(seconds) * second - Date.now() - by)).toBeLessThan(60 * second)
  })
  redis.disconnect()
}

async function connect({ request }: Nodes, { tokenUrl, grant }: FaultProvider, put: object): Promise<void> {
  const client = { provider: 'oidc', clientId: 'client', clientSecret: 'secret', tokenUrl }
  await request('app.put.app', { ...client, rotation: 'strict' })
  const account = { app: 'app', user: 'alice', refreshToken: grant('alice', 'strict'), ...put }
  expect(await request('account.put.alice', account)).toMatchObject({ account: 'alice' })
}

describe.skipIf(fakeTimeLibrary === undefined)('faketime (of the Debian package of that name)', () => {
  it.concurrent.each([
    ['back', '-10m', -tenMinutes],
    ['forward', '+10m', tenMinutes],
  ])(
    "Redis' clock is set %s 10 minutes: nothing expired is served, and refreshes go on within a minute",
    async (_, by, ahead) => {
      await using clock = await createSteppedClock()
      await using provider = await startFaultProvider({ expiresIn: life })
      await using cluster = await startNodes({ redisEnv: clock.env })
      const node = await cluster.startNode()
      await connect(cluster, provider, { policy: 'eager' })

      const ages: number[] = []
      /** Reads until so many tokens came after the first. */
      async function readThrough(tokens: number): Promise<void> {
        const first = (await cluster.request('token.get.alice')).generation
        await eventually(
          async () => {
            const asked = Date.now()
            const reply = await cluster.request('token.get.alice')
            const [, , number] = String(reply.accessToken).split('/')
            const issued = provider.requests[Number(number) - 1] as number
            ages.push(asked - issued)
            expect(reply.generation).toBeGreaterThanOrEqual(first + tokens)
          },
          { every: 50 },
        )
      }

      await readThrough(1)
      await clock.step(by)
      await redisIsAhead(cluster.redisServer.url, ahead)
      await readThrough(2)
      await node.says("the cluster's time differs from")
      await clock.step('+0')
      await redisIsAhead(cluster.redisServer.url, 0)
      await readThrough(2)
      expect(provider.truth('alice')).toMatchObject({ alive: true, reuses: 0 })
    },
  )

  it.concurrent('a node that starts after a step back serves nothing that has expired, though its own clock was set back too', async () => {
    await using clock = await createSteppedClock()
    await using provider = await startFaultProvider()
    await using cluster = await startNodes({ redisEnv: clock.env })
    const before = await cluster.startNode()
    const expires = Date.now() + 15 * second
    const token = { accessToken: 'expired', expires: new Date(expires).toISOString() }
    await connect(cluster, provider, { policy: 'lazy', ...token })

    const redis = new Redis(cluster.redisServer.url)
    await eventually(async () => expect(Number(await redis.hget(metaKey, 'time'))).toBeGreaterThan(expires), {
      every: 100,
    })
    redis.disconnect()
    expect(provider.requests).toHaveLength(0)
    await clock.step('-10m')
    await redisIsAhead(cluster.redisServer.url, -tenMinutes)
    await before.stop()

    await cluster.startNode(clock.env)
    expect(await cluster.request('token.get.alice')).toMatchObject({ accessToken: 'at/alice/1' })
  })
})
