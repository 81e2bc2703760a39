import { LRUCache } from 'lru-cache'
import type { Principal } from '../principal.ts'
import { realTimers, type Timers } from '../timers.ts'

export interface RateLimits {
  /** 0, or the whole seconds after which to try again. */
  take(principal: Pick<Principal, 'id' | 'perSecond'>): number
}

const most = 10_000

/** A bucket per API token and node, holding one second's worth. */
export function createRateLimits({ elapsed }: Pick<Timers, 'elapsed'> = realTimers): RateLimits {
  const buckets = new LRUCache<string, { level: number; at: number }>({ max: most })
  return {
    take({ id, perSecond }) {
      const at = elapsed()
      const bucket = buckets.get(id)
      if (bucket === undefined) {
        buckets.set(id, { level: perSecond - 1, at })
        return 0
      }
      bucket.level = Math.min(perSecond, bucket.level + ((at - bucket.at) * perSecond) / 1_000)
      bucket.at = at
      if (bucket.level < 1) return Math.ceil((1 - bucket.level) / perSecond)
      bucket.level -= 1
      return 0
    },
  }
}
