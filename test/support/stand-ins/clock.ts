/** The clock of a stand-in: runs like ours, and can be moved by a test. */
export interface StandInClock {
  /** Milliseconds since 1970. */
  now(): number
  advance(by: Span): void
}

export interface Span {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
}

const minute = 60_000

export function millisecondsIn({ days = 0, hours = 0, minutes = 0 }: Span): number {
  return ((days * 24 + hours) * 60 + minutes) * minute
}

export function createClock(): StandInClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    advance(by) {
      ahead += millisecondsIn(by)
    },
  }
}
