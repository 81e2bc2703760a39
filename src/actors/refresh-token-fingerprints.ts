/**
 * The keyed fingerprints of an account's refresh tokens, as one text. Those that came from outside may come from there
 * again, a year later: however often the grant was rotated meanwhile, they are not pushed out.
 */
export const tokenMarks = {
  knows: (marks: string | undefined, mark: string): boolean =>
    listOf(marks).some((each) => each === mark || each === put + mark),

  add(marks: string | undefined, { mark, fromOutside }: { mark: string; fromOutside: boolean }): string {
    const others = listOf(marks).filter((each) => each !== mark)
    if (others.includes(put + mark)) return others.join()
    const all = [...others, fromOutside ? put + mark : mark]
    const kept = new Set([true, false].flatMap((outside) => all.filter(isPut(outside)).slice(-mostOfAKind)))
    return all.filter((each) => kept.has(each)).join()
  },
}

const put = '+'
/** As a provider forgets old ones too. */
const mostOfAKind = 100

const isPut = (outside: boolean) => (each: string) => each.startsWith(put) === outside
const listOf = (marks: string | undefined) => (marks ? marks.split(',') : [])
