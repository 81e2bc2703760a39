import { Secret } from '../../src/common/secret.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { keysOf } from '../../src/redis/keys.ts'
import type { OutboxEntry } from '../../src/redis/record.ts'
import type { Grant } from './grants.ts'
import { streamAt } from './keyspace.ts'
import { createMachine } from './machine.ts'
import { partitions } from './partitions.ts'
import { createRandom } from './random.ts'
import { createSimulatedNats } from './simulated-nats.ts'
import { createSimulatedNode, type Running, type SimulatedNode } from './simulated-node.ts'
import { createSimulatedProvider } from './simulated-provider.ts'
import { createSimulatedRedis } from './simulated-redis.ts'
import { createWorld } from './world.ts'

export interface StageOptions {
  /** The random source for latencies. */
  readonly seed?: number
  /** How wrong each node's wall clock is, in milliseconds; as many nodes as there are numbers. */
  readonly clocks?: readonly number[]
  /** How long an access token lives, in milliseconds. */
  readonly life?: number
  /** How wrong Redis' clock is from the start, in milliseconds. */
  readonly redisClock?: number
}

export interface Token {
  readonly accessToken: string
  readonly generation: number
}

export interface PutGrant {
  readonly rotation?: Grant['rotation']
  readonly policy?: 'eager' | 'lazy' | 'adaptive'
  readonly fresh?: boolean
  /** Through which node. */
  readonly node?: number
}

export type Stage = Awaited<ReturnType<typeof setStage>>

/** A few healthy nodes: a scene decides what happens second by second, in simulated time. */
export async function setStage(options: StageOptions = {}) {
  const { seed = 1, clocks = [0, 0], life = 3_600_000, redisClock = 0 } = options
  const world = createWorld()
  const random = createRandom(seed)
  const redis = createSimulatedRedis({ world, random: random.fork() })
  redis.stepClock(redisClock)
  const nats = createSimulatedNats({ world, random: random.fork() })
  const provider = createSimulatedProvider({ world, random: random.fork(), lives: [life] })
  const published: OutboxEntry[] = []
  nats.onStored((entry) => published.push(entry))
  const nodes = clocks.map((skew, i) => {
    const machine = createMachine({ name: `node-${i}`, world, rate: 1, skew })
    const parts = { redis, nats, provider, random: random.fork().next, heard: () => {} }
    return createSimulatedNode(machine, parts)
  })
  for (const node of nodes) node.start()

  const pass = (milliseconds: number) => world.run(world.now() + milliseconds)

  /** Lets time pass until this is answered. Throws when that takes more than `within` milliseconds. */
  async function wait<T>(answer: Promise<T>, within = 60_000): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    answer.then(done, done)
    const deadline = world.now() + within
    while (!settled) {
      if (world.now() >= deadline) throw new Error(`no answer within ${within} ms`)
      await pass(10)
    }
    return answer
  }

  const at = (node: number) => (nodes[node] as SimulatedNode).tokenbus() as Running

  /** A grant and its account, which has no access token yet unless `fresh`. */
  async function putGrant(
    account: string,
    { rotation = 'strict', policy = 'eager', fresh = false, node = 0 }: PutGrant = {},
  ): Promise<Grant> {
    const grant = provider.grants.begin(account, rotation)
    const refreshToken = new Secret(provider.grants.nameOf(grant, 0))
    const first = fresh && provider.issue(grant)
    const token = first && {
      accessToken: first.accessToken,
      expires: new Date(world.now() + first.life).toISOString(),
    }
    const put = { app: `app-${rotation}`, user: account, policy, refreshToken, ...token }
    await wait(at(node).putAccount(account, put))
    return grant
  }

  await pass(1_000)
  return {
    world,
    redis,
    nats,
    provider,
    nodes: nodes as [SimulatedNode, SimulatedNode],
    published,
    at,
    pass,
    wait,
    putGrant,
    /** An app with its first secret, and `putGrant`. */
    async connect(account: string, how: PutGrant = {}): Promise<Grant> {
      const { rotation = 'strict', node = 0 } = how
      const client = { provider: 'oidc', clientId: 'client', clientSecret: new Secret('secret-0') } as const
      await wait(at(node).putApp(`app-${rotation}`, { ...client, rotation }))
      return putGrant(account, how)
    },
    /** The token a node answers, or the failure. */
    async get(node: number, account: string, want: Parameters<Tokenbus['getToken']>[1] = {}) {
      const reply = await wait(at(node).getToken(account, want))
      return reply.ok ? (JSON.parse(new TextDecoder().decode(reply.value)) as Token) : reply.failure
    },
    /** Events that are saved and not yet known to be published. */
    waiting: () =>
      Array.from({ length: partitions }, (_, p) => streamAt(redis.space(), keysOf(p).outbox).length).reduce(
        (sum, length) => sum + length,
        0,
      ),
    sendings: (account: string) => provider.spendings.filter(({ grant }) => grant.account === account),
    transitions: (account: string): number[] =>
      published
        .filter(({ type, ref }) => type === 'account.transition' && ref.id === account)
        .map(({ body }) => JSON.parse(body).version),
  }
}
