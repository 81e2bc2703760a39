import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'
import type { Sealer } from './seal.ts'

export interface SealCount {
  readonly sealer: Sealer
  /**
   * How often the key that seals now was used, by all nodes: with random IVs of 96 bits, 2^32 times are the most (NIST SP
   * 800-38D §8.3). Rather too many than too few. Rejects with `StorageUnavailable`.
   */
  total(): Promise<number>
  stop(): Promise<void>
}

const addEvery = 60_000

/** Counts what is sealed. A node adds its share once a minute: one that is killed leaves out what it sealed since. */
export function countSeals({ redis, sealer }: { redis: RedisClient; sealer: Sealer }): SealCount {
  const key = sealer.keyIds[0] as string
  let pending = 0

  async function total(): Promise<number> {
    const adding = pending
    pending = 0
    try {
      return await reach(() => redis.hincrby(metaKey, `seals:${key}`, adding))
    } catch (error) {
      pending += adding
      throw error
    }
  }

  const timer = setInterval(() => total().catch(() => undefined), addEvery)
  timer.unref()

  return {
    sealer: {
      ...sealer,
      seal(sealing) {
        pending++
        return sealer.seal(sealing)
      },
    },
    total,
    async stop() {
      clearInterval(timer)
      // Nothing is written to a Redis that a node refuses to start on.
      if (pending > 0) await total().catch(() => undefined)
    },
  }
}
