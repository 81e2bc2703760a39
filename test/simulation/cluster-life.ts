import { keysOf } from '../../src/redis/keys.ts'
import { createAppFalls } from './app-falls.ts'
import { describeApp, describeEntry, describeSpending } from './describe.ts'
import type { Fault } from './faults.ts'
import { createFreshness } from './freshness.ts'
import { inflict } from './inflict.ts'
import { createInvariants } from './invariants.ts'
import { judge } from './judgement.ts'
import { setAt, streamAt } from './keyspace.ts'
import { createMachine, type Machine } from './machine.ts'
import { createOperators } from './operators.ts'
import { partitions } from './partitions.ts'
import { planLife } from './plan-life.ts'
import { watchReadiness } from './readiness-watch.ts'
import { createSimulatedNats } from './simulated-nats.ts'
import { createSimulatedNode, type SimulatedNode } from './simulated-node.ts'
import { createSimulatedProvider, type Spending } from './simulated-provider.ts'
import { createSimulatedRedis } from './simulated-redis.ts'
import { storedGrantOf } from './stored-token.ts'
import { createWorld } from './world.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export interface LifeOptions {
  readonly seed: number
  readonly days: number
  /** False: only the kinds of faults that were simulated first. */
  readonly later?: boolean
  /** Instead of those the seed plans. */
  readonly faults?: readonly Fault[]
  /** Hears everything worth telling of: `at` in ms from the start. */
  readonly onNote?: (note: { at: number; text: string }) => void
}

export interface LifeResult {
  readonly seed: number
  /** What broke first, and when (ms from the start). */
  readonly broken: { readonly at: number; readonly message: string } | null
  readonly faults: readonly Fault[]
  readonly accounts: number
  readonly served: number
  readonly steps: number
  readonly spendings: readonly Spending[]
}

/** One cluster from its first start to its last day. */
export async function liveThrough({
  seed,
  days,
  later = true,
  faults: given,
  onNote,
}: LifeOptions): Promise<LifeResult> {
  const life = planLife(seed, days, later)
  const { plans, companions, nodes: nodeCount, lives, asksEvery, random } = life
  const all = [...plans, ...companions]
  const faults = given ?? [...life.faults, ...life.laterFaults].sort((a, b) => a.at - b.at)
  const world = createWorld()
  const start = world.now()
  const end = start + days * day
  let broken: LifeResult['broken'] = null
  const fail = (message: string) => {
    broken ??= { at: world.now() - start, message }
    world.halt()
  }
  const note = (text: () => string) => onNote?.({ at: world.now() - start, text: text() })
  const redis = createSimulatedRedis({ world, random: random.fork() })
  const nats = createSimulatedNats({ world, random: random.fork() })
  const wasWellSince = (machine: Machine, time: number) =>
    redis.wasWellSince(machine, time) && nats.wasWellSince(machine, time)
  const invariants = createInvariants({ now: world.now, fail, redis, nats, wasWellSince })
  const freshness = createFreshness({
    world,
    accounts: all.map(({ account }) => account),
    wasWellSince: (machine, time) => machine.ranSince(time) && wasWellSince(machine, time),
    isForgetful: invariants.isForgetful,
    fail,
  })
  const provider = createSimulatedProvider({ world, random: random.fork(), lives })
  provider.controls.blind = life.dialect === 'blind'
  provider.controls.inverted = life.dialect === 'inverted'
  const nodes = Array.from({ length: nodeCount }, (_, i) => {
    const machine = createMachine({
      name: `node-${i}`,
      world,
      rate: 1 + random.between(-0.0003, 0.0003),
      skew: random.between(-minute, minute),
    })
    return createSimulatedNode(machine, {
      redis,
      nats,
      provider,
      random: random.fork().next,
      heard: invariants.heard,
    })
  })
  let served = 0
  const operators = createOperators({
    world,
    random: random.fork(),
    nats,
    nodes,
    provider,
    plans,
    companions,
    storedGrant: (account) => storedGrantOf({ redis, provider }, account),
    lost: (message) => invariants.isForgetful() || fail(message),
    knownBy: ({ machine }, account) => invariants.knownBy(machine, account),
    onServed({ node, account, bytes, known, isSecond }) {
      served++
      const { accessToken, generation } = JSON.parse(new TextDecoder().decode(bytes))
      const truth = provider.accessToken(accessToken)
      if (truth?.grant.account !== account) return fail(`${account}: served a token of somebody else`)
      if (truth.expiresAt < world.now() - (redis.steppedSince(0) ? 5_000 : 2_000))
        fail(`${account}: served an expired token`)
      invariants.served({ account, generation, known: known as never })
      if (!isSecond) freshness.served({ machine: node.machine, account, generation })
    },
  })

  // What polls can do nothing about, as long as nothing else happens, is no reason to run them.
  world.quietUntil(() => {
    const working = nodes.filter(({ machine }) => redis.isReachable(machine))
    if (working.length === 0) return Number.POSITIVE_INFINITY
    const publishing = working.some(({ machine }) => nats.isReachable(machine))
    const space = redis.space()
    let first = Number.POSITIVE_INFINITY
    for (const { outbox, due } of partitionKeys) {
      if (publishing && streamAt(space, outbox).length > 0) return world.now()
      for (const score of setAt(space, due).values()) first = Math.min(first, score)
    }
    const ahead = aheadOf(working, world.now())
    return first === Number.POSITIVE_INFINITY ? first : first - ahead
  })
  redis.onWrite(invariants.indexed)
  redis.onWrite(freshness.written)
  redis.onWrite(createAppFalls({ plans: all, provider, now: world.now, fail }))
  redis.onWrite((space, records) => {
    for (const key of records === 'any' ? [] : records) {
      const fields = space.hashes.get(key)?.fields
      const [, app] = key.split(':app:')
      if (app !== undefined && fields !== undefined) note(() => describeApp(app, fields))
    }
  })
  watchReadiness({ world, nodes, redis, nats, fail })
  nats.onStored((entry) => {
    note(() => describeEntry(entry))
    invariants.stored(entry)
  })
  provider.onSend((spending) => {
    note(() => describeSpending(spending))
    invariants.sent(spending)
  })

  for (const node of nodes) node.start()
  world.after(minute, () => {
    for (const { app, rotation } of plans) void operators.putApp(app, rotation)
  })
  for (const plan of all) {
    world.after(2 * minute, () => void operators.connect(plan))
    const asks = (companions.includes(plan) ? life.laterRandom : random).fork()
    const ask = () => {
      world.after(asks.between(0, 2 * asksEvery), ask)
      const force = asks.chance(0.1) ? { forceRefresh: true } : {}
      const forSecond = asks.chance(0.2) ? { scopes: ['second'] } : {}
      void operators.get(plan.account, { ...force, ...forSecond })
    }
    world.after(3 * minute, ask)
  }
  inflict(
    faults,
    {
      world,
      nodes,
      redis,
      nats,
      provider,
      operators,
      note,
      onForgotten(records) {
        invariants.becomeForgetful()
        operators.forgotten(records)
      },
    },
    start,
  )
  await world.run(end)
  if (broken === null) await judge({ world, plans: all, operators, provider, redis, nats, invariants, fail })
  return {
    seed,
    broken,
    faults,
    accounts: all.length,
    served,
    spendings: provider.spendings,
    steps: world.steps(),
  }
}

const partitionKeys = Array.from({ length: partitions }, (_, p) => keysOf(p))

/** The nodes' time never runs backward, so after a step of Redis' clock it stays ahead. Infinite until they agree. */
function aheadOf(nodes: readonly SimulatedNode[], now: number): number {
  const times = nodes.map((node) => node.clusterTime()).filter((time) => time !== null)
  const ahead = Math.max(...times) - now
  if (times.length === 0 || ahead < asGoodAsEqual) return 0
  return Math.max(...times) - Math.min(...times) < asGoodAsEqual ? ahead : Number.POSITIVE_INFINITY
}

const asGoodAsEqual = 1_500
