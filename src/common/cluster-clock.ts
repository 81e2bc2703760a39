import { realTimers, type Timers } from './timers.ts'

/** The time of Redis in whole milliseconds, so that no node's own clock decides when an attempt is taken over. */
export interface ClusterClock {
  now(): number
  observe(redisTime: number): void
  /** Milliseconds by which it is ahead of this machine's clock or of Redis', whichever differs more. */
  ahead(): number
  /**
   * The time by which tokens expire: the cluster's, or this machine's if that is over a minute later. One of them is wrong
   * then, and a token that may have expired must not be served.
   */
  expiryTime(): number
}

/** Milliseconds by which the clocks of one cluster may differ: a minute, plus a round trip. */
export const maxClockSkew = 61_000

/**
 * Advances with the monotonic clock between observations, so a jump of the local wall clock has no effect. Never runs
 * backward: if Redis' clock is set back, or a replica with a slower clock is promoted, what has expired stays expired.
 */
export function createClusterClock({
  elapsed,
  wallClock,
}: Pick<Timers, 'elapsed' | 'wallClock'> = realTimers): ClusterClock {
  let offset = wallClock() - elapsed()
  let observed = false
  /** Milliseconds by which it was ahead of Redis at the last observation. */
  let aheadOfRedis = 0
  const now = () => Math.floor(elapsed() + offset)
  return {
    now,
    observe(redisTime) {
      const observedOffset = redisTime - elapsed()
      offset = observed ? Math.max(offset, observedOffset) : observedOffset
      observed = true
      aheadOfRedis = offset - observedOffset
    },
    ahead() {
      const ofOwn = now() - wallClock()
      return Math.abs(ofOwn) > aheadOfRedis ? ofOwn : aheadOfRedis
    },
    expiryTime() {
      const at = now()
      const own = wallClock()
      return own - at > maxClockSkew ? own : at
    },
  }
}
