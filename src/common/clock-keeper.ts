import type { Logger } from 'pino'
import { type ClusterClock, maxClockSkew } from './cluster-clock.ts'
import type { Timers } from './timers.ts'

const every = 5_000

export interface ClockKeeperOptions {
  readonly clock: ClusterClock
  readonly timers: Pick<Timers, 'poll'>
  readonly logger: Logger
  /** Reports the latest time this node has seen; answers the latest any node has seen, and the time of Redis. */
  highestTime(seen: number): Promise<{ readonly highest: number; readonly redis: number }>
}

/** Synchronises the nodes' clocks through Redis, and logs an error if the result differs from this machine's clock or Redis'. */
export function createClockKeeper({ clock, timers, logger, highestTime }: ClockKeeperOptions) {
  let warned = false

  function compare(): void {
    const apart = Math.abs(clock.ahead()) > maxClockSkew
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
    /** Call before any decision that depends on time. Rejects with `StorageUnavailable`. */
    async start(): Promise<() => Promise<void>> {
      await keep(0)
      const poll = timers.poll(every, () =>
        keep(clock.now()).catch((error) =>
          logger.debug({ err: error }, 'the clock could not be synchronised'),
        ),
      )
      return () => poll.stop()
    },
  }
}
