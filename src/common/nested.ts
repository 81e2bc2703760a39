/** Does JSON nest deeper than that? Without recursion: whoever sends it chooses how deep it is. */
export function nestsDeeper(value: unknown, deepest: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > deepest) return true
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null
        ? Object.values(each).filter((inner) => typeof inner === 'object' && inner !== null)
        : [],
    )
  }
  return false
}
