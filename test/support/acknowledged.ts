interface Written {
  /** What was acknowledged last; null where nothing was. */
  value: string | null
  /** Writes that were left unanswered: they may arrive at any later time. */
  readonly late: Set<string>
}

export type Acknowledged = ReturnType<typeof createAcknowledged>

/** An acknowledged change must be found again, until an operator changes it, or a failover loses its record. */
export function createAcknowledged() {
  const places = new Map<string, Map<string, Written>>()
  const ages = new Map<string, number>()

  function writtenAt(place: string, key: string): Written {
    const keys = places.get(place) ?? new Map<string, Written>()
    places.set(place, keys)
    const written = keys.get(key) ?? { value: null, late: new Set() }
    keys.set(key, written)
    return written
  }

  return {
    writing(place: string, key: string, value: string) {
      const age = ages.get(place)
      const written = writtenAt(place, key)
      return {
        unanswered: () => void written.late.add(value),
        done(): void {
          if (ages.get(place) === age) written.value = value
        },
      }
    },
    /** The record was deleted, or is older now; also applies to pending requests. */
    forget(place: string): void {
      ages.set(place, (ages.get(place) ?? 0) + 1)
      for (const written of places.get(place)?.values() ?? []) written.value = null
    },
    /** Describes the first acknowledged change that is missing. */
    lost(place: string, find: (key: string) => string | undefined): string | undefined {
      for (const [key, { value, late }] of places.get(place) ?? []) {
        const found = find(key)
        if (value !== null && found !== value && !(found !== undefined && late.has(found)))
          return `${place}: ${key} is ${found} where ${value} was acknowledged`
      }
      return undefined
    },
  }
}
