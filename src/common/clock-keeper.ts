import type { Logger } from 'pino'
import { type ClusterClock, strange } from './cluster-clock.ts'
import type { Timers } from './timers.ts'

const every = 5_000

export interface ClockKeeperOptions {
  readonly clock: ClusterClock
  readonly timers: Pick<Timers, 'poll'>
  readonly logger: Logger
  /** Tells Redis the latest time seen here, and answers the latest seen anywhere, and Redis' own. */
  highestTime(seen: number): Promise<{ readonly highest: number; readonly redis: number }>
}

/** Keeps the nodes' time together, and says so where it is not this machine's, or not Redis'. */
export function createClockKeeper({ clock, timers, logger, highestTime }: ClockKeeperOptions) {
  let warned = false

  function compare(): void {
    const apart = Math.abs(clock.ahead()) > strange
    if (apart && !warned)
      logger.error(
        { aheadMs: Math.round(clock.ahead()) },
        "the cluster's time differs from Redis' clock or this machine's by over a minute",
      )
    warned = apart
  }

  async function keep(seen: number): Promise<void> {
    const { highest, redis } = await highestTime(seen)
    clock.observe(highest)
    clock.observe(redis)
    compare()
  }

  return {
    /** Before anything is judged by the time. Rejects with `StorageUnavailable`. */
    async start(): Promise<() => Promise<void>> {
      await keep(0)
      const poll = timers.poll(every, () =>
        keep(clock.now()).catch((error) => logger.debug({ err: error }, 'the time could not be kept')),
      )
      return () => poll.stop()
    },
  }
}
