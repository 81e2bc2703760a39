import { realTimers, type Timers } from './timers.ts'

/** Time as Redis tells it, in whole milliseconds, so that no node's own clock decides who takes over. */
export interface ClusterClock {
  now(): number
  observe(redisTime: number): void
  /** How far it is ahead of this machine's own clock, or of Redis', whichever differs more; in milliseconds. */
  ahead(): number
  /**
   * By which time a token counts as expired: the cluster's, or this machine's own where that is over a minute later. One of
   * the two is wrong, and no token is served that may have run out.
   */
  expiryTime(): number
}

/** Clocks of one cluster differ by less, in milliseconds: a minute, and what a round trip adds. */
export const strange = 61_000

/**
 * Between observations the monotonic clock runs on; a jump of this machine's wall clock changes nothing. It never runs
 * backward: where Redis' clock is set back, or another Redis is behind, what has expired stays expired.
 */
export function createClusterClock({
  elapsed,
  wallClock,
}: Pick<Timers, 'elapsed' | 'wallClock'> = realTimers): ClusterClock {
  let offset = wallClock() - elapsed()
  let observed = false
  /** How far it is ahead of the clock of the Redis that was asked last. */
  let aheadOfRedis = 0
  const now = () => Math.floor(elapsed() + offset)
  return {
    now,
    observe(redisTime) {
      const told = redisTime - elapsed()
      offset = observed ? Math.max(offset, told) : told
      observed = true
      aheadOfRedis = offset - told
    },
    ahead() {
      const ofOwn = now() - wallClock()
      return Math.abs(ofOwn) > aheadOfRedis ? ofOwn : aheadOfRedis
    },
    expiryTime() {
      const at = now()
      const own = wallClock()
      return own - at > strange ? own : at
    },
  }
}
