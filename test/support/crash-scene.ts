import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { eventually } from './eventually.ts'
import { rotations } from './fault-grants.ts'
import { type FaultProvider, startFaultProvider } from './fault-provider.ts'
import { judgeEvents } from './judge-events.ts'
import { type Nodes, startNodes } from './nodes.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'

export type Step =
  | 'before sending'
  | 'after sending'
  | 'while the response is lost'
  | 'after the response'
  | 'after the save'
  | 'before publishing'

export type Disturbance = 'SIGKILL' | 'SIGSTOP'

interface Scene {
  readonly cluster: Nodes
  readonly provider: FaultProvider
  /** The victim's only ways to Redis and NATS. */
  readonly toRedis: TcpProxy
  readonly toNats: TcpProxy
  readonly dataDir: string
  states(): Promise<string[]>
}

const fine = 'valid, grant alive, 0 reuses'
export const allFine = { none: fine, 'keeps-old': fine, grace: fine, 'until-used': fine, strict: fine }
/** The provider takes the repeat of a spent token for reuse. */
export const strictIsLost = { ...allFine, strict: 'revoked, refresh_interrupted, grant dead, 1 reuses' }

const all = (state: string) => rotations.map(() => state)

/** The machine is so busy that the victim gave up waiting and asked again by itself: that is another scene. */
class TooSlow extends Error {}

async function untilSent({ provider }: Scene): Promise<void> {
  await eventually(() => expect(new Set(provider.held()).size).toBe(rotations.length))
  if (provider.held().length > rotations.length) throw new TooSlow()
}

/** How to bring the victim to each step with a refresh of every account under way. */
const reach: Record<Step, (scene: Scene, connect: () => Promise<void>) => Promise<void>> = {
  async 'before sending'(scene, connect) {
    scene.provider.behave('hide')
    await connect()
    await eventually(async () => expect(await scene.states()).toEqual(all('refreshing')))
  },
  async 'after sending'(scene, connect) {
    scene.provider.behave('think')
    await connect()
    await untilSent(scene)
  },
  async 'while the response is lost'(scene, connect) {
    scene.provider.behave('swallow')
    await connect()
    await untilSent(scene)
  },
  async 'after the response'(scene, connect) {
    await reach['after sending'](scene, connect)
    scene.toRedis.refuse()
    scene.provider.behave('well')
    await eventually(async () => {
      const files = await readdir(join(scene.dataDir, 'spool'))
      expect(files.filter((file) => file.endsWith('.json'))).toHaveLength(rotations.length)
    })
  },
  async 'after the save'(scene, connect) {
    await reach['after sending'](scene, connect)
    scene.toRedis.holdRepliesFrom('refresh.succeeded')
    scene.provider.behave('well')
    await eventually(async () => expect(await scene.states()).toEqual(all('valid')))
  },
  async 'before publishing'(scene, connect) {
    await reach['after sending'](scene, connect)
    scene.toNats.freeze()
    scene.provider.behave('well')
    await eventually(async () => expect(await scene.states()).toEqual(all('valid')))
  },
}

/** Each account needs its first access token at once. */
async function connectAll({ request }: Nodes, { issuer, grant, graceSeconds }: FaultProvider): Promise<void> {
  for (const rotation of rotations) {
    const app = { provider: 'oidc', clientId: 'c', clientSecret: 's', issuer, rotation, graceSeconds }
    await request(`app.put.${rotation}`, app)
  }
  for (const rotation of rotations) {
    const refreshToken = grant(rotation, rotation)
    await request(`account.put.${rotation}`, { app: rotation, user: 'someone', refreshToken })
  }
}

/**
 * Brings the only node to this step with one refresh under way for each way a provider treats spent tokens, then kills
 * it, or stops it until another node has done its work. Answers what became of each account, in the provider's words too.
 */
export async function disturb(step: Step, signal: Disturbance): Promise<Record<string, string>> {
  for (let tries = 1; ; tries++) {
    try {
      return await playOnce(step, signal)
    } catch (error) {
      if (!(error instanceof TooSlow) || tries === 3) throw error
    }
  }
}

async function playOnce(step: Step, signal: Disturbance): Promise<Record<string, string>> {
  await using cluster = await startNodes()
  await using provider = await startFaultProvider({ graceSeconds: 600 })
  await using toRedis = await startProxy(cluster.redisServer)
  await using toNats = await startProxy(cluster.natsServer)
  const dataDir = join(cluster.dataDir, 'victim')
  const victim = await cluster.startNode({
    TOKENBUS_REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
    TOKENBUS_NATS_URL: `nats://127.0.0.1:${toNats.port}`,
    TOKENBUS_DATA_DIR: dataDir,
  })
  const redis = new Redis(cluster.redisServer.url)
  const stateOf = async (id: string) =>
    (await redis.hget(keysOf(partitionOf(id, 64)).record({ kind: 'account', id }), 'state')) ?? 'none'
  const states = () => Promise.all(rotations.map(stateOf))
  const scene = { cluster, provider, toRedis, toNats, dataDir, states }
  await reach[step](scene, () => connectAll(cluster, provider))
  victim.signal(signal)
  if (signal === 'SIGKILL') await victim.ended
  provider.behave('well')
  await cluster.startNode(signal === 'SIGKILL' ? { TOKENBUS_DATA_DIR: dataDir } : {})
  const settled = () =>
    eventually(
      async () => {
        for (const state of await states()) expect(['valid', 'revoked']).toContain(state)
      },
      { every: 100 },
    )
  await settled()
  if (signal === 'SIGSTOP') {
    toRedis.restore()
    toNats.restore()
    victim.signal('SIGCONT')
    // It is ready again once it has published its pending events.
    await victim.says(/redis reconnected|nats reconnected|refresh attempt ended/)
    await settled()
  }
  const outcomes = await outcomesOf({ cluster, provider })
  expect(await judgeEvents(cluster.nats)).toEqual({
    'events missing': 0,
    'events doubled': 0,
    'events out of order': 0,
  })
  redis.disconnect()
  return outcomes
}

async function outcomesOf({ cluster, provider }: Pick<Scene, 'cluster' | 'provider'>) {
  const outcomes: Record<string, string> = {}
  for (const rotation of rotations) {
    const view = await eventually(async () => {
      const account = await cluster.request(`account.get.${rotation}`)
      expect(['valid', 'revoked']).toContain(account.state)
      return account
    })
    const { alive, reuses } = provider.truth(rotation)
    outcomes[rotation] = [view.state, view.reason, alive ? 'grant alive' : 'grant dead', `${reuses} reuses`]
      .filter(Boolean)
      .join(', ')
    if (view.state !== 'valid') continue
    // What was kept is what the provider accepts next.
    const wish = { forceRefresh: true, ifGeneration: view.generation }
    await eventually(async () => {
      const next = await cluster.request(`token.get.${rotation}`, wish)
      expect(next).toMatchObject({ generation: view.generation + 1, accessToken: expect.any(String) })
    })
  }
  return outcomes
}
