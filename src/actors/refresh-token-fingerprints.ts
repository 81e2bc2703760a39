/**
 * The keyed fingerprints of an account's refresh tokens, as one text. Those of tokens that were put are never evicted by
 * rotation, because an old list may put them again a year later.
 */
export const tokenMarks = {
  knows: (marks: string | undefined, mark: string): boolean =>
    listOf(marks).some((each) => each === mark || each === put + mark),

  add(marks: string | undefined, { mark, fromOutside }: { mark: string; fromOutside: boolean }): string {
    const others = listOf(marks).filter((each) => each !== mark)
    if (others.includes(put + mark)) return others.join()
    const all = [...others, fromOutside ? put + mark : mark]
    const kept = new Set([true, false].flatMap((outside) => all.filter(isPut(outside)).slice(-maxOfAKind)))
    return all.filter((each) => kept.has(each)).join()
  },
}

const put = '+'
/** Bounded, since providers forget old tokens too. */
const maxOfAKind = 100

const isPut = (outside: boolean) => (each: string) => each.startsWith(put) === outside
const listOf = (marks: string | undefined) => (marks ? marks.split(',') : [])
