/** Time as Redis tells it, in whole milliseconds, so that no node's own clock decides who takes over. */
export interface ClusterClock {
  now(): number
  observe(redisTime: number): void
}

/** Between observations the monotonic clock runs on; a jump of this machine's wall clock changes nothing. */
export function createClusterClock(monotonic: () => number = () => performance.now()): ClusterClock {
  let offset = Date.now() - monotonic()
  return {
    now: () => Math.floor(monotonic() + offset),
    observe(redisTime) {
      offset = redisTime - monotonic()
    },
  }
}
