/** Gives the busiest names a label of their own, and all others one together. */
export interface TopNames {
  /** Counts one use of the name, and answers its label. */
  labelOf(name: string): string
}

/** Uses after which all counts are halved, so that a name which was busy once makes room. */
const halveAfter = 10_000
const mostCounted = 1_000

/**
 * A newcomer takes the place of the least busy name once it has twice its uses, so that the labels seldom change.
 * `onDropped` is called with a label that left the top: its series are to be removed.
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
      if (++total > halveAfter || uses.size > mostCounted) halve()
      const count = (uses.get(name) ?? 0) + 1
      uses.set(name, count)
      if (labelled.has(name)) return name
      if (name === others || !earnsLabel(count)) return others
      labelled.add(name)
      return name
    },
  }
}
