import { LRUCache } from 'lru-cache'
import { type BucketRate, bucketLevel, type TokenBucket } from '../../machines/token-bucket.ts'
import { realTimers, type Timers } from './timers.ts'

export interface Limited {
  readonly id: string
  readonly perSecond: number
  /** The bucket's size; by default one second's worth. */
  readonly burst?: number
}

export interface TokenBuckets {
  /** Takes one token; 0 if there was one, else the whole seconds until there will be. */
  take(limited: Limited): number
  /** Puts a token back. */
  giveBack(id: string): void
}

type Bucket = { -readonly [Key in keyof (TokenBucket & BucketRate)]: number }

const most = 10_000

/** One token bucket per id, on this node. Beyond the maximum, the least recently used bucket is dropped. */
export function createTokenBuckets({ elapsed }: Pick<Timers, 'elapsed'> = realTimers): TokenBuckets {
  const buckets = new LRUCache<string, Bucket>({ max: most })
  return {
    take({ id, perSecond, burst = perSecond }) {
      const at = elapsed()
      const interval = 1_000 / perSecond
      const bucket = buckets.get(id)
      if (bucket === undefined) {
        buckets.set(id, { level: burst - 1, at, size: burst, interval })
        return 0
      }
      bucket.size = burst
      bucket.interval = interval
      bucket.level = bucketLevel(bucket, bucket, at)
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
