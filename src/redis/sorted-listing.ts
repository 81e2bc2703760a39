import { decodeCursor, encodeCursor } from './cursor.ts'
import { partitionOf } from './keys.ts'

/** In place of the partition: a cursor over all partitions. */
const everywhere = -1

export interface SortedListingOptions {
  readonly partitions: number
  /** The ids of a partition that come after another, in order. */
  page(partition: number, after: string, limit: number): Promise<string[]>
}

interface Line {
  readonly partition: number
  readonly ids: readonly string[]
  /** The ids fetched so far. */
  readonly last: string
  /** Its partition may hold more than these. */
  readonly more: boolean
}

const compareBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** True if the cursor is one of `listSorted`. */
export function isSortedCursor(cursor: string): boolean {
  return decodeCursor(cursor)[0] === everywhere
}

/** The cursor that continues after this id, in the order of the given cursor. */
export function cursorAfter(
  id: string,
  { cursor, partitions }: { cursor?: string | undefined; partitions: number },
) {
  const sorted = cursor === undefined || isSortedCursor(cursor)
  return encodeCursor([sorted ? everywhere : partitionOf(id, partitions), id])
}

/** The next ids in order, merged from all partitions; each partition is read in small batches. */
export async function listSorted(
  { partitions, page }: SortedListingOptions,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<{ ids: string[]; cursor?: string }> {
  const from = cursor === undefined ? '' : decodeCursor(cursor)[1]
  const share = Math.min(limit, Math.ceil((2 * limit) / partitions) + 4)

  async function refill(line: Line): Promise<Line> {
    if (line.ids.length > 0 || !line.more) return line
    const ids = await page(line.partition, line.last, share)
    return { ...line, ids, last: ids.at(-1) ?? line.last, more: ids.length === share }
  }

  const found: string[] = []
  let lines = Array.from({ length: partitions }, (_, partition): Line => {
    return { partition, ids: [], last: from, more: true }
  })
  let complete = false
  while (!complete && found.length < limit) {
    lines = await Promise.all(lines.map(refill))
    const ends = lines.filter(({ more }) => more).map(({ last }) => last)
    // Beyond the last fetched id of a partition with more, the order is not known yet.
    const bound = ends.toSorted(compareBytes)[0]
    const isKnown = (id: string) => bound === undefined || compareBytes(id, bound) <= 0
    found.push(...lines.flatMap(({ ids }) => ids.filter(isKnown)).sort(compareBytes))
    lines = lines.map((line) => ({ ...line, ids: line.ids.filter((id) => !isKnown(id)) }))
    complete = bound === undefined
  }
  const ids = found.slice(0, limit)
  return complete && found.length <= limit
    ? { ids }
    : { ids, cursor: encodeCursor([everywhere, ids.at(-1) as string]) }
}
