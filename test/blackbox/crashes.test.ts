import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { type FaultProvider, graceSeconds, startFaultProvider } from '../support/fault-provider.ts'

const rotations = ['none', 'keeps-old', 'grace', 'until-used', 'strict'] as const

/** One account for each way a provider may treat a spent refresh token; each wants its first access token at once. */
async function connectAll({ request }: Cluster, provider: FaultProvider): Promise<void> {
  for (const rotation of rotations) {
    await request(`app.put.${rotation}`, {
      provider: 'oidc',
      clientId: 'c',
      clientSecret: 's',
      tokenUrl: provider.tokenUrl,
      rotation,
      graceSeconds,
    })
    await request(`account.put.${rotation}`, {
      app: rotation,
      user: 'someone',
      refreshToken: provider.grant(rotation, rotation),
    })
  }
}

/** Kills the only node while the provider holds a request of every account; another one takes over. */
async function killWhile(how: 'think' | 'swallow'): Promise<Record<string, string>> {
  await using cluster = await startCluster()
  await using provider = await startFaultProvider()
  const node = await cluster.startNode()
  provider.behave(how)
  await connectAll(cluster, provider)
  await eventually(() => expect(provider.held()).toBe(rotations.length), { within: 10_000 })
  await cluster.startNode()
  node.signal('SIGKILL')
  await node.ended
  provider.behave('well')

  const outcomes: Record<string, string> = {}
  for (const rotation of rotations) {
    const view = await eventually(
      async () => {
        const account = await cluster.request(`account.get.${rotation}`)
        expect(['valid', 'revoked']).toContain(account.state)
        return account
      },
      { within: 45_000, every: 250 },
    )
    const { alive, reuses } = provider.truth(rotation)
    outcomes[rotation] = [view.state, view.reason, alive ? 'grant alive' : 'grant dead', `${reuses} reuses`]
      .filter(Boolean)
      .join(', ')
    if (view.state !== 'valid') continue
    // What was kept is what the provider accepts next.
    const again = await cluster.request(`token.get.${rotation}`, {
      forceRefresh: true,
      ifGeneration: view.generation,
    })
    expect(again).toMatchObject({ generation: view.generation + 1, accessToken: expect.any(String) })
  }
  return outcomes
}

const fine = 'valid, grant alive, 0 reuses'

describe.concurrent('a node killed with kill -9', () => {
  it('after sending, before the provider acts: every grant survives', { timeout: 90_000 }, async () => {
    expect(await killWhile('think')).toEqual({
      none: fine,
      'keeps-old': fine,
      grace: fine,
      'until-used': fine,
      strict: fine,
    })
  })

  it('after the provider has rotated, before its answer: only a strict grant is lost, and says why', {
    timeout: 90_000,
  }, async () => {
    expect(await killWhile('swallow')).toEqual({
      none: fine,
      'keeps-old': fine,
      grace: fine,
      'until-used': fine,
      strict: 'revoked, refresh_interrupted, grant dead, 1 reuses',
    })
  })

  it('after the save, before publishing: another node publishes what is left, in order, each once', {
    timeout: 90_000,
  }, async () => {
    await using cluster = await startCluster()
    await using provider = await startFaultProvider({ expiresIn: 4 })
    const node = await cluster.startNode()
    const app = {
      provider: 'oidc',
      clientId: 'c',
      clientSecret: 's',
      tokenUrl: provider.tokenUrl,
      policy: 'eager',
    }
    await cluster.request('app.put.app', app)
    await cluster.request('account.put.alice', {
      app: 'app',
      user: 'someone',
      refreshToken: provider.grant('alice', 'strict'),
    })
    await eventually(async () =>
      expect(await cluster.request('account.get.alice')).toMatchObject({ state: 'valid' }),
    )
    const redis = new Redis(cluster.redisServer.url)
    const { outbox, record } = keysOf(partitionOf('alice', 64))
    const generation = async () => Number(await redis.hget(record({ kind: 'account', id: 'alice' }), 'g'))
    await eventually(async () => expect(await redis.xlen(outbox)).toBe(0))
    await cluster.natsServer.pause()
    const before = await generation()
    await eventually(async () => expect(await generation()).toBeGreaterThan(before), { within: 10_000 })
    node.signal('SIGKILL')
    await node.ended
    expect(await redis.xlen(outbox)).toBeGreaterThanOrEqual(2)
    cluster.natsServer.resume()
    await cluster.startNode()
    await eventually(async () => expect(await generation()).toBeGreaterThan(before + 2), { within: 20_000 })

    const { streams } = await cluster.nats.jetstreamManager()
    const read = async (name: string) => {
      const { state } = await streams.info(name)
      const bodies: { id: string; version: number; generation?: number }[] = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq++)
        bodies.push((await streams.getMessage(name, { seq })).json())
      return bodies
    }
    const versions = (await read('TOKENBUS_HISTORY')).map(({ version }) => version)
    expect(versions).toEqual(versions.map((_, i) => i + 1))
    const refreshed = (await read('TOKENBUS_EVENTS')).map((event) => event.generation)
    expect(refreshed).toEqual(refreshed.map((_, i) => i + 2))
    expect(provider.truth('alice')).toMatchObject({ alive: true, reuses: 0 })
    redis.disconnect()
  })
})
