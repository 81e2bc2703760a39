/** A read under way that is to fill a cache. News of its account poisons it: what it read may be older. */
export interface Fill {
  readonly account: string
  poisoned: boolean
}

export interface Fills {
  begin(account: string): Fill
  /** May what it read be kept? Asked once; later answers are no. */
  end(fill: Fill): boolean
  /** Without an account: all. */
  poison(account?: string): void
  /** No news comes: nothing is kept until `resume`, nor for a second after it, while late news drains in. */
  suspend(): void
  resume(): void
}

const quietAfterReconnect = 1_000

/** `now`: milliseconds of any clock. */
export function createFills({ now }: { now(): number }): Fills {
  const underWay = new Map<string, Set<Fill>>()
  let suspended = false
  let quietUntil = Number.NEGATIVE_INFINITY

  function poison(account?: string): void {
    const readings = account === undefined ? underWay.values() : [underWay.get(account) ?? []]
    for (const reading of readings) for (const fill of reading) fill.poisoned = true
  }

  return {
    begin(account) {
      const fill = { account, poisoned: false }
      const reading = underWay.get(account) ?? new Set()
      underWay.set(account, reading.add(fill))
      return fill
    },
    end(fill) {
      const reading = underWay.get(fill.account)
      const first = reading?.delete(fill) ?? false
      if (reading?.size === 0) underWay.delete(fill.account)
      return first && !fill.poisoned && !suspended && now() >= quietUntil
    },
    poison,
    suspend() {
      suspended = true
      poison()
    },
    resume() {
      suspended = false
      poison()
      quietUntil = now() + quietAfterReconnect
    },
  }
}
