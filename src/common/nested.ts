/** True if JSON nests deeper than `deepest`. Iterative, since the sender chooses the depth and could overflow the stack. */
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
