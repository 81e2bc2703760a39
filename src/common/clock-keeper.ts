import type { Logger } from 'pino'
import { type ClusterClock, strange } from './cluster-clock.ts'
import type { Timers } from './timers.ts'

const every = 5_000

export interface ClockKeeperOptions {
  readonly clock: ClusterClock
  readonly timers: Pick<Timers, 'poll'>
  readonly logger: Logger
  /** Tells Redis the latest time seen here, and answers the latest seen anywhere. */
  highestTime(seen: number): Promise<number>
}

/** Keeps the nodes' time together, and says so where it is not this machine's. */
export function createClockKeeper({ clock, timers, logger, highestTime }: ClockKeeperOptions) {
  let warned = false

  function compare(): void {
    const apart = Math.abs(clock.ahead()) > strange
    if (apart && !warned)
      logger.error(
        { aheadMs: clock.ahead() },
        "the cluster's time and this machine's clock differ by over a minute",
      )
    warned = apart
  }

  async function keep(): Promise<void> {
    clock.observe(await highestTime(clock.now()))
    compare()
  }

  return {
    /** Before anything is judged by the time. Rejects with `StorageUnavailable`. */
    async start(): Promise<() => Promise<void>> {
      clock.observe(await highestTime(0))
      compare()
      const poll = timers.poll(every, () =>
        keep().catch((error) => logger.debug({ err: error }, 'the time could not be kept')),
      )
      return () => poll.stop()
    },
  }
}
