import { Redis } from 'ioredis'
import { dueMember, keysOf, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { signedContent } from '../../src/redis/record.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import { createSigner } from '../../src/redis/signer.ts'
import { eventually } from './eventually.ts'
import { testKeys } from './node.ts'

export interface PassTime {
  readonly redisUrl: string
  readonly partitions: number
  readonly ref: { account: string } | { app: string }
  readonly by: number
  /** The sealing keys of the nodes, to sign the changed records. */
  readonly keys?: string
}

/** Any number this big is an instant in milliseconds, and none of the others is. */
const year2001 = 1e12

/**
 * All that one account or app remembers, and all it waits for, comes to lie so many milliseconds further back: to it,
 * that much time has passed. It counts as a change: whoever acts on an older state loses the save and looks again.
 */
export async function passTime({
  redisUrl,
  partitions,
  ref,
  by,
  keys: sealing = testKeys,
}: PassTime): Promise<void> {
  const named: Ref = 'account' in ref ? { kind: 'account', id: ref.account } : { kind: 'app', id: ref.app }
  const keys = keysOf(partitionOf(named.id, partitions))
  const record = keys.record(named)
  const redis = new Redis(redisUrl)
  try {
    await eventually(async () => {
      await redis.watch(record)
      const { m: _, ...hash } = await redis.hgetall(record)
      const { s: text, v, wake } = hash
      if (!text) throw new Error(`there is no ${named.kind} ${named.id}`)
      Object.assign(hash, { v: String(Number(v) + 1), s: JSON.stringify(back(JSON.parse(text), by)) })
      if (wake) hash.wake = String(Number(wake) - by)
      const m = createSigner(parseKeys(sealing)).sign({ ...named, content: signedContent(hash) })
      const change = redis.multi().hset(record, { ...hash, m })
      if (wake) change.zadd(keys.due, hash.wake as string, dueMember(named))
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
