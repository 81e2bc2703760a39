import { LRUCache } from 'lru-cache'
import { bucketLevel } from '../../machines/token-bucket.ts'
import { realTimers, type Timers } from './timers.ts'

export interface Limited {
  readonly id: string
  readonly perSecond: number
  /** How many at once; one second's worth where it does not say. */
  readonly burst?: number
}

export interface TokenBuckets {
  /** 0, or the whole seconds after which to try again. */
  take(limited: Limited): number
  /** What was taken last does not count. */
  giveBack(id: string): void
}

const most = 10_000

/** A token bucket per id and node. The one used least recently is forgotten first. */
export function createTokenBuckets({ elapsed }: Pick<Timers, 'elapsed'> = realTimers): TokenBuckets {
  const buckets = new LRUCache<string, { level: number; at: number }>({ max: most })
  return {
    take({ id, perSecond, burst = perSecond }) {
      const at = elapsed()
      const bucket = buckets.get(id)
      if (bucket === undefined) {
        buckets.set(id, { level: burst - 1, at })
        return 0
      }
      bucket.level = bucketLevel(bucket, { size: burst, interval: 1_000 / perSecond }, at)
      bucket.at = at
      if (bucket.level < 1) return Math.ceil((1 - bucket.level) / perSecond)
      bucket.level -= 1
      return 0
    },
    giveBack(id) {
      const bucket = buckets.get(id)
      if (bucket !== undefined) bucket.level += 1
    },
  }
}
