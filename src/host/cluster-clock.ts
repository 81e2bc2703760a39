import { realTimers, type Timers } from '../timers.ts'

/** Time as Redis tells it, in whole milliseconds, so that no node's own clock decides who takes over. */
export interface ClusterClock {
  now(): number
  observe(redisTime: number): void
}

/** Between observations the monotonic clock runs on; a jump of this machine's wall clock changes nothing. */
export function createClusterClock({
  elapsed,
  wallClock,
}: Pick<Timers, 'elapsed' | 'wallClock'> = realTimers): ClusterClock {
  let offset = wallClock() - elapsed()
  return {
    now: () => Math.floor(elapsed() + offset),
    observe(redisTime) {
      offset = redisTime - elapsed()
    },
  }
}
