import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'
import type { Sealer } from './seal.ts'

export interface SealCount {
  readonly sealer: Sealer
  /**
   * The number of encryptions with the current key by all nodes, an upper estimate: random 96-bit IVs allow 2^32 (NIST SP
   * 800-38D §8.3). Rejects with `StorageUnavailable`.
   */
  total(): Promise<number>
  stop(): Promise<void>
}

const addEvery = 60_000

/** Counts encryptions. Each node adds its count once a minute, so a killed node omits its last minute. */
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
      // Do not write to a Redis before the start checks have passed.
      if (pending > 0) await total().catch(() => undefined)
    },
  }
}
