/** An in-flight cache fill; an invalidation of its account meanwhile marks it stale. */
export interface Fill {
  readonly account: string
  stale: boolean
}

export interface Fills {
  begin(account: string): Fill
  /** Ends the fill; true if its value may be cached. Any further call for the same fill answers false. */
  end(fill: Fill): boolean
  /** Marks the fills of one account, or all of them. */
  markStale(account?: string): void
  /** Invalidations are not received: nothing may be cached until one second after `resume`, when late ones have arrived. */
  suspend(): void
  resume(): void
}

const quietAfterReconnect = 1_000

/** `now`: milliseconds of any clock. */
export function createFills({ now }: { now(): number }): Fills {
  const inFlight = new Map<string, Set<Fill>>()
  let suspended = false
  let quietUntil = Number.NEGATIVE_INFINITY

  function markStale(account?: string): void {
    const readings = account === undefined ? inFlight.values() : [inFlight.get(account) ?? []]
    for (const reading of readings) for (const fill of reading) fill.stale = true
  }

  return {
    begin(account) {
      const fill = { account, stale: false }
      const reading = inFlight.get(account) ?? new Set()
      inFlight.set(account, reading.add(fill))
      return fill
    },
    end(fill) {
      const reading = inFlight.get(fill.account)
      const first = reading?.delete(fill) ?? false
      if (reading?.size === 0) inFlight.delete(fill.account)
      return first && !fill.stale && !suspended && now() >= quietUntil
    },
    markStale,
    suspend() {
      suspended = true
      markStale()
    },
    resume() {
      suspended = false
      markStale()
      quietUntil = now() + quietAfterReconnect
    },
  }
}
