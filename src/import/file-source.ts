import { namedIn, toAccountRow, toAppRow } from './file-rows.ts'
import type { FileValue } from './file-value.ts'
import type { AccountRow, AppRow, Row, Source } from './rows.ts'

export interface FileSourceOptions {
  /** Reads the file from its beginning. */
  readonly read: () => AsyncIterable<FileValue>
  /** Of several rows with the same id, import the last; otherwise none. */
  readonly lastWins: boolean
}

interface Lines {
  readonly first: number
  readonly last: number
}

/**
 * Reads the file twice: before the first row is imported, it must be known that the whole file is readable, and which ids
 * occur more than once. Only ids are kept in memory.
 */
export async function openFileSource({ read, lastWins }: FileSourceOptions): Promise<Source> {
  const { total, duplicates } = await survey(read())
  const rows = read()[Symbol.asyncIterator]()
  let held: FileValue | undefined

  function orDuplicate<R extends Row<unknown>>(
    found: FileValue,
    toRow: (found: FileValue) => R,
  ): Row<never> | R {
    const named = namedIn(found)
    const lines = named && duplicates.get(keyOf(named))
    if (named === undefined || lines === undefined) return toRow(found)
    if (lastWins && found.line === lines.last) return toRow(found)
    const { id } = named
    const { line } = found
    const other = line === lines.first ? lines.last : lines.first
    return lastWins
      ? { id, line, skip: `replaced by line ${lines.last}` }
      : { id, line, fail: `the same ${named.kind} is in line ${other} too` }
  }

  async function* apps(): AsyncGenerator<AppRow> {
    for (;;) {
      const { value, done } = await rows.next()
      if (done) return
      if (namedIn(value)?.kind !== 'app') {
        held = value
        return
      }
      yield orDuplicate(value, toAppRow)
    }
  }

  async function* accounts(): AsyncGenerator<AccountRow> {
    if (held === undefined) return
    for (let next = held; ; ) {
      yield orDuplicate(next, toAccountRow)
      const { value, done } = await rows.next()
      if (done) return
      next = value
    }
  }

  return { apps: apps(), accounts: accounts(), total }
}

const keyOf = ({ kind, id }: { kind: string; id: string }) => `${kind}:${id}`

async function survey(values: AsyncIterable<FileValue>) {
  const lines = new Map<string, number>()
  const duplicates = new Map<string, Lines>()
  let total = 0
  for await (const found of values) {
    total++
    const named = namedIn(found)
    if (named === undefined) continue
    const key = keyOf(named)
    const first = lines.get(key)
    if (first === undefined) lines.set(key, found.line)
    else duplicates.set(key, { first, last: found.line })
  }
  return { total, duplicates }
}
