import type { Logger } from 'pino'
import type { Timers } from './timers.ts'

export interface RareLog {
  warn(fields: object, sentence: string): void
}

/** Rate-limits a warning: at most one per `every` milliseconds. */
export function createRareLog({
  logger,
  timers,
  every = 60_000,
}: {
  logger: Pick<Logger, 'warn'>
  timers: Pick<Timers, 'elapsed'>
  every?: number
}): RareLog {
  let saidAt = Number.NEGATIVE_INFINITY
  return {
    warn(fields, sentence) {
      if (timers.elapsed() - saidAt < every) return
      saidAt = timers.elapsed()
      logger.warn(fields, sentence)
    },
  }
}
