import type { Timers } from './timers.ts'

/** Whether the stream takes events, as far as this node has tried. */
export interface EventFlow {
  took(): void
  /** `reason`: in words, why. */
  failed(reason: string): void
  failing(): boolean
  /** For how long it has taken none of those it was given, in milliseconds. */
  stalledFor(): number
  /** Why it took none, when last tried; null while it takes them. */
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
