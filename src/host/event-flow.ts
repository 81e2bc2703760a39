import type { Timers } from '../timers.ts'

/** Whether the stream takes events, as far as this node has tried. */
export interface EventFlow {
  took(): void
  failed(): void
  failing(): boolean
  /** For how long it has taken none of those it was given, in milliseconds. */
  stalledFor(): number
}

export function createEventFlow({ elapsed }: Pick<Timers, 'elapsed'>): EventFlow {
  let failingSince: number | null = null
  return {
    took() {
      failingSince = null
    },
    failed() {
      failingSince ??= elapsed()
    },
    failing: () => failingSince !== null,
    stalledFor: () => (failingSince === null ? 0 : elapsed() - failingSince),
  }
}
