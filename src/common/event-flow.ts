import type { Timers } from './timers.ts'

/** Whether the streams accept this node's events, judged by its own attempts to publish. */
export interface EventFlow {
  took(): void
  failed(reason: string): void
  failing(): boolean
  /** Milliseconds since the first failure without a success in between; 0 if the last attempt succeeded. */
  stalledFor(): number
  /** The reason of the last failure; null if the last attempt succeeded. */
  reason(): string | null
}

export function createEventFlow({ elapsed }: Pick<Timers, 'elapsed'>): EventFlow {
  let failingSince: number | null = null
  let last: string | null = null
  return {
    took() {
      failingSince = null
      last = null
    },
    failed(reason) {
      last = reason
      failingSince ??= elapsed()
    },
    reason: () => last,
    failing: () => failingSince !== null,
    stalledFor: () => (failingSince === null ? 0 : elapsed() - failingSince),
  }
}
