import { Redis } from 'ioredis'
import { dueMember, keysOf, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { eventually } from './eventually.ts'

export interface PassTime {
  readonly redisUrl: string
  readonly partitions: number
  readonly ref: { account: string } | { app: string }
  readonly by: number
}

/** Any number this big is an instant in milliseconds, and none of the others is. */
const year2001 = 1e12

/**
 * All that one account or app remembers, and all it waits for, comes to lie so many milliseconds further back: to it,
 * that much time has passed. It counts as a change: whoever acts on an older state loses the save and looks again.
 */
export async function passTime({ redisUrl, partitions, ref, by }: PassTime): Promise<void> {
  const named: Ref = 'account' in ref ? { kind: 'account', id: ref.account } : { kind: 'app', id: ref.app }
  const keys = keysOf(partitionOf(named.id, partitions))
  const record = keys.record(named)
  const redis = new Redis(redisUrl)
  try {
    await eventually(async () => {
      await redis.watch(record)
      const [text, wake] = await redis.hmget(record, 's', 'wake')
      if (!text) throw new Error(`there is no ${named.kind} ${named.id}`)
      const change = redis
        .multi()
        .hincrby(record, 'v', 1)
        .hset(record, 's', JSON.stringify(back(JSON.parse(text), by)))
      if (wake) {
        const earlier = Number(wake) - by
        change.hset(record, 'wake', earlier).zadd(keys.due, earlier, dueMember(named))
      }
      if ((await change.exec()) === null) throw new Error('it changed meanwhile')
    })
  } finally {
    redis.disconnect()
  }
}

function back(value: unknown, by: number): unknown {
  if (typeof value === 'number') return value > year2001 ? value - by : value
  if (Array.isArray(value)) return value.map((each) => back(each, by))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, back(each, by)]))
}
