import { expect, it } from 'vitest'
import { keysOf } from '../../src/redis/keys.ts'
import { setAt } from './keyspace.ts'
import { createMachine } from './machine.ts'
import { createOperators } from './operators.ts'
import { partitions } from './partitions.ts'
import { createRandom } from './random.ts'
import { createSimulatedNats } from './simulated-nats.ts'
import { createSimulatedNode } from './simulated-node.ts'
import { createSimulatedProvider, type Mood } from './simulated-provider.ts'
import { createSimulatedRedis } from './simulated-redis.ts'
import { createWorld } from './world.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const accounts = 100

/** Accounts with tokens of an hour, connected over the first hour; an hour later the provider is away for one. */
async function liveThroughOutage(reaches: Mood['reaches']) {
  const world = createWorld()
  const random = createRandom(7)
  const redis = createSimulatedRedis({ world, random: random.fork() })
  const nats = createSimulatedNats({ world, random: random.fork() })
  const provider = createSimulatedProvider({ world, random: random.fork(), lives: [hour] })
  const surroundings = { redis, nats, provider, random: random.fork().next, heard: () => {} }
  const nodes = [0, 1].map((i) =>
    createSimulatedNode(createMachine({ name: `node-${i}`, world, rate: 1, skew: 0 }), surroundings),
  )
  const plans = Array.from({ length: accounts }, (_, i) => ({
    account: `account-${i}`,
    app: 'app',
    rotation: 'strict' as const,
    policy: 'eager' as const,
  }))
  const operators = createOperators({
    world,
    random: random.fork(),
    nats,
    nodes,
    provider,
    plans,
    knownBy: () => undefined,
    storedGrant: () => undefined,
    lost: () => {},
    onServed: () => {},
  })
  const each = Array.from({ length: partitions }, (_, partition) => keysOf(partition))
  const valid = () => each.reduce((sum, keys) => sum + setAt(redis.space(), keys.byState('valid')).size, 0)
  world.quietUntil(() =>
    Math.min(...each.flatMap((keys) => [...setAt(redis.space(), keys.due).values()]), Number.MAX_VALUE),
  )
  const sent: number[] = []
  provider.onSend(({ sentAt }) => sent.push(sentAt))
  const most = (from: number, to: number, width: number) => {
    const counts = new Map<number, number>()
    for (const at of sent.filter((time) => time >= from && time < to)) {
      const bucket = Math.floor((at - from) / width)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
    return Math.max(0, ...counts.values())
  }

  for (const node of nodes) node.start()
  world.after(minute, () => void operators.putApp('app', 'strict'))
  for (const [i, plan] of plans.entries())
    world.after(2 * minute + (i * hour) / accounts, () => void operators.connect(plan))
  const began = world.now() + 2 * hour
  await world.run(began)
  const before = { valid: valid(), perMinute: accounts / 50 }
  provider.mood.reaches = reaches
  await world.run(began + hour)
  provider.mood.reaches = 'answers'
  const end = began + hour
  const away = { valid: valid() }
  let recovered = Number.POSITIVE_INFINITY
  for (let time = end; time < end + 10 * minute; time += 10 * second) {
    await world.run(time)
    if (valid() === accounts) recovered = Math.min(recovered, time - end)
  }
  const after = {
    maxInAMinute: most(end, world.now(), minute),
    maxIn10s: most(end, world.now(), 10 * second),
  }
  return { before, away, after, recovered }
}

it.each(['says 503', 'says 429'] as const)(
  'a provider that %s for an hour gets no burst of requests at its end, and all accounts are valid within minutes',
  async (reaches) => {
    const { before, away, after, recovered } = await liveThroughOutage(reaches)
    expect(before.valid).toBe(accounts)
    expect(away.valid).toBeLessThan(accounts / 10)
    expect(recovered).toBeLessThanOrEqual(10 * minute)
    // A token of an hour is refreshed after 50 minutes. Those that became due in an hour are refreshed within minutes: faster than usual, but evenly.
    expect(after.maxInAMinute).toBeLessThanOrEqual(16 * before.perMinute)
    expect(after.maxIn10s).toBeLessThanOrEqual(accounts / 8)
  },
)
