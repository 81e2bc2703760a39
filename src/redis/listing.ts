import { accountStates } from '../../machines/index.ts'
import type { Commands } from './commands.ts'
import { BadCursor, type Cursor, decodeCursor, encodeCursor } from './cursor.ts'
import { keysOf, nameMember, type PartitionKeys, partitionOf, type Ref } from './keys.ts'
import { cursorAfter, isSortedCursor, listSorted } from './sorted-listing.ts'

export interface ListQuery {
  readonly kind: Ref['kind']
  readonly state?: string | undefined
  readonly app?: string | undefined
  /** Only ids with this prefix. */
  readonly prefix?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface IdPage {
  readonly ids: string[]
  readonly cursor?: string
}

/** Lists and counts, from the indexes that every save maintains. */
export interface Listing {
  /** Ordered by partition, then id. Rejects with `BadCursor`. */
  list(query: ListQuery): Promise<IdPage>
  /** Ordered by id, or in the order of the cursor. Rejects with `BadCursor`. */
  listSorted(query: ListQuery): Promise<IdPage>
  /** The cursor that continues after one of the answered ids. */
  cursorAfter(id: string, cursor?: string): string
  /** The ids after an offset, and the total number. */
  listFrom(offset: number, query: ListQuery): Promise<IdPage & { readonly total: number }>
  /** All accounts with this name. */
  byName(name: string): Promise<string[]>
  /** The next account that waits for the app's secret, after the last one: round robin. */
  pickWaiting(app: string, last: string | null): Promise<string | null>
  /** A random sample of the app's accounts. */
  someOf(app: string, limit: number): Promise<string[]>
  countByApp(app: string): Promise<number>
  countByState(): Promise<Record<string, number>>
}

const namesakes = 1_000

interface ListingOptions {
  readonly commands: Commands
  readonly partitions: number
  /** 0 to 1. */
  readonly random: () => number
}

export function createListing({ commands, partitions, random }: ListingOptions): Listing {
  const each = Array.from({ length: partitions }, (_, partition) => keysOf(partition))

  function indexesOf({ kind, state, app }: ListQuery, partition: number): string[] {
    const keys = each[partition] as PartitionKeys
    const narrowed = [...(state ? [keys.byState(state)] : []), ...(app ? [keys.byApp(app)] : [])]
    return narrowed.length > 0 && kind === 'account' ? narrowed : [keys.listing(kind)]
  }

  async function inBoth([one, other]: [string, string], prefix: string): Promise<string[]> {
    return (await commands.zinter([one, other])).filter((id) => id.startsWith(prefix))
  }

  /** By member, not by offset, so that concurrent insertions do not shift the pages. */
  async function page(query: ListQuery, [partition, after]: Cursor, limit: number): Promise<string[]> {
    const { prefix = '' } = query
    const [index, other] = indexesOf(query, partition) as [string, string?]
    if (other === undefined) return commands.zmembers(index, { after, limit, prefix })
    return (await inBoth([index, other], prefix))
      .filter((id) => after === '' || Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0)
      .slice(0, limit)
  }

  async function count(query: ListQuery, partition: number): Promise<number> {
    const [index, other] = indexesOf(query, partition) as [string, string?]
    const { prefix = '' } = query
    return other === undefined
      ? commands.zcount(index, prefix)
      : (await inBoth([index, other], prefix)).length
  }

  async function skipInto(query: ListQuery, partition: number, skip: number): Promise<string> {
    if (skip === 0) return ''
    const [index, other] = indexesOf(query, partition) as [string, string?]
    const { prefix = '' } = query
    if (other !== undefined) return (await inBoth([index, other], prefix))[skip - 1] ?? ''
    return (await commands.zmembers(index, { after: '', prefix, skip: skip - 1, limit: 1 }))[0] ?? ''
  }

  async function list(query: ListQuery): Promise<IdPage> {
    let [partition, after]: Cursor = query.cursor === undefined ? [0, ''] : decodeCursor(query.cursor)
    if (partition < 0) throw new BadCursor('the cursor belongs to another list')
    const ids: string[] = []
    for (; partition < partitions; partition++, after = '') {
      const found = await page(query, [partition, after], query.limit - ids.length)
      ids.push(...found)
      if (ids.length >= query.limit) return { ids, cursor: encodeCursor([partition, ids.at(-1) as string]) }
    }
    return { ids }
  }

  async function membersFrom(key: string, prefix: string): Promise<string[]> {
    const found: string[] = []
    for (let after = ''; ; after = found.at(-1) as string) {
      const page = await commands.zmembers(key, { after, prefix, limit: namesakes })
      found.push(...page)
      if (page.length < namesakes) return found
    }
  }

  return {
    list,
    async listSorted(query) {
      if (query.cursor !== undefined && !isSortedCursor(query.cursor)) return list(query)
      const one = (partition: number, after: string, limit: number) => page(query, [partition, after], limit)
      return listSorted({ partitions, page: one }, query)
    },
    cursorAfter: (id, cursor) => cursorAfter(id, { cursor, partitions }),
    async listFrom(offset, query) {
      const counts = await Promise.all(each.map((_, partition) => count(query, partition)))
      let partition = 0
      let skip = offset
      while (partition < partitions && skip >= (counts[partition] as number))
        skip -= counts[partition++] as number
      const total = sum(counts)
      if (partition === partitions) return { ids: [], total }
      const after = await skipInto(query, partition, skip)
      return { ...(await list({ ...query, cursor: encodeCursor([partition, after]) })), total }
    },
    async byName(name) {
      const prefix = nameMember(name, '')
      const found = await Promise.all(each.map(({ byName }) => membersFrom(byName, prefix)))
      return found.flat().map((member) => member.slice(prefix.length))
    },
    async pickWaiting(app, last) {
      const start = last === null ? 0 : partitionOf(last, partitions)
      for (let i = 0; i <= partitions; i++) {
        const keys = each[(start + i) % partitions] as PartitionKeys
        const waiting = await commands.zinter([keys.byState('secret-expired'), keys.byApp(app)])
        const sorted = waiting.map((id) => Buffer.from(id)).sort(Buffer.compare)
        const after = i === 0 && last !== null ? Buffer.from(last) : null
        const found = sorted.find((id) => after === null || Buffer.compare(id, after) > 0)
        if (found !== undefined) return found.toString()
      }
      return null
    },
    async someOf(app, limit) {
      const start = Math.floor(random() * partitions)
      const found: string[] = []
      for (let i = 0; i < partitions && found.length < limit; i++) {
        const { byApp } = each[(start + i) % partitions] as PartitionKeys
        found.push(...(await commands.zmembers(byApp(app), { after: '', limit: limit - found.length })))
      }
      return found
    },
    async countByApp(app) {
      return sum(await Promise.all(each.map((keys) => commands.zcard(keys.byApp(app)))))
    },
    async countByState() {
      const counts = accountStates.map(async (state) => {
        return [
          state,
          sum(await Promise.all(each.map((keys) => commands.zcard(keys.byState(state))))),
        ] as const
      })
      return Object.fromEntries(await Promise.all(counts))
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
