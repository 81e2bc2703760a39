type Kind = 'atom' | 'open' | 'close' | 'choice' | 'count' | 'unknown'

interface Piece {
  readonly kind: Kind
  readonly text: string
}

const kinds: readonly (readonly [Kind, RegExp])[] = [
  ['atom', /^(?:\\[dw.~:_-]|\[\^?(?:\\[dw.\]\\-]|[^\]\\[])+\]|[\w.~:-])/],
  ['open', /^\((?:\?:)?/],
  ['close', /^\)/],
  ['choice', /^\|/],
  ['count', /^(?:[?*+]|\{\d{1,3}(?:,(?:\d{1,3})?)?\})/],
  ['unknown', /^./s],
]

/** The maximum length of a value. */
const longest = 256
/** The maximum number of ways to match a value: two unbounded quantifiers and an alternative. */
const maxWays = 2 * longest ** 2
const deepest = 8

/**
 * Why a pattern for untrusted values is rejected. It must match the whole value in bounded time: only characters,
 * classes, alternatives and quantifiers; a group may be optional but not repeated, and the product of all quantifiers
 * is limited, which bounds backtracking.
 */
export function patternViolation(pattern: string): string | undefined {
  if (!isAnchored(pattern)) return 'must begin with ^ and end with $'
  const pieces = piecesOf(pattern.slice(1, -1))
  if (pieces.some(({ kind }) => kind === 'unknown'))
    return 'must have only characters, classes, groups, | and quantifiers'
  if (pieces.some(isMisplaced)) return 'must have one quantifier at most after each character, class or group'
  if (pieces.some(repeatsGroup)) return 'must not repeat a group'
  const depths = depthsOf(pieces)
  if (depths.at(-1) !== 0 || depths.some((depth) => depth < 0 || depth > deepest))
    return 'must have closed groups, and few nested ones'
  if (pieces.some(({ kind }, at) => kind === 'choice' && depths[at] === 0))
    return 'must not have | outside of a group'
  const ways = pieces.reduce((product, piece) => product * waysOf(piece), 1)
  return ways > maxWays ? 'must have fewer quantifiers: matching could take too long' : undefined
}

/** The last dollar sign is not escaped. */
function isAnchored(pattern: string): boolean {
  return pattern.startsWith('^') && /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern)
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  for (let rest = text; rest !== ''; ) {
    const [kind, shape] = kinds.find(([, each]) => each.test(rest)) as (typeof kinds)[number]
    const [found = ''] = shape.exec(rest) ?? []
    pieces.push({ kind, text: found })
    rest = rest.slice(found.length)
  }
  return pieces
}

function isMisplaced({ kind }: Piece, at: number, pieces: readonly Piece[]): boolean {
  const before = pieces[at - 1]?.kind
  return kind === 'count' && before !== 'atom' && before !== 'close'
}

function repeatsGroup({ kind, text }: Piece, at: number, pieces: readonly Piece[]): boolean {
  return kind === 'count' && text !== '?' && pieces[at - 1]?.kind === 'close'
}

/** The quantifier after each piece; 0 if there is none. */
function depthsOf(pieces: readonly Piece[]): number[] {
  const steps: Partial<Record<Kind, number>> = { open: 1, close: -1 }
  let depth = 0
  const depths = pieces.map(({ kind }) => {
    depth += steps[kind] ?? 0
    return depth
  })
  return [...depths, depth]
}

function waysOf({ kind, text }: Piece): number {
  if (kind === 'choice' || text === '?') return 2
  if (kind !== 'count') return 1
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(text) ?? []
  if (least === undefined || (comma !== '' && most === '')) return longest
  return comma === '' ? 1 : Math.max(1, Number(most) - Number(least) + 1)
}
