/** Gives each of the busiest names its own label, and all others a common one. */
export interface TopNames {
  /** Counts one use of the name, and returns its label. */
  labelOf(name: string): string
}

/** Number of uses after which all counts are halved, so that a name that is no longer busy loses its label. */
const halveAfter = 10_000
const maxCounted = 1_000

/**
 * A name replaces the least busy one once it has twice its uses, so that labels change rarely. `onDropped` is called with a
 * replaced label, whose series must be removed.
 */
export function createTopNames({
  most,
  others,
  onDropped,
}: {
  most: number
  others: string
  onDropped(name: string): void
}): TopNames {
  const uses = new Map<string, number>()
  const labelled = new Set<string>()
  let total = 0

  function halve(): void {
    total = 0
    for (const [name, count] of uses) {
      if (count > 1) uses.set(name, count >> 1)
      else if (!labelled.has(name)) uses.delete(name)
    }
  }

  function leastUsed(): string {
    const usesOf = (name: string) => uses.get(name) ?? 0
    return [...labelled].reduce((least, name) => (usesOf(name) < usesOf(least) ? name : least))
  }

  function earnsLabel(count: number): boolean {
    if (labelled.size < most) return true
    const least = leastUsed()
    if (count < 2 * (uses.get(least) ?? 0)) return false
    labelled.delete(least)
    onDropped(least)
    return true
  }

  return {
    labelOf(name) {
      if (++total > halveAfter || uses.size > maxCounted) halve()
      const count = (uses.get(name) ?? 0) + 1
      uses.set(name, count)
      if (labelled.has(name)) return name
      if (name === others || !earnsLabel(count)) return others
      labelled.add(name)
      return name
    },
  }
}
