import type { Commands } from './commands.ts'
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts'
import { keysOf, type Ref } from './keys.ts'

export interface ListQuery {
  readonly kind: Ref['kind']
  readonly state?: string
  readonly app?: string
  readonly cursor?: string
  readonly limit: number
}

const states = ['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired'] as const

interface ListingOptions {
  readonly commands: Commands
  readonly partitions: number
  /** 0 to 1. */
  readonly random: () => number
}

/** Lists and counts, over the indexes that every save keeps. Ids come in order of partition, then id. */
export function createListing({ commands, partitions, random }: ListingOptions) {
  const each = Array.from({ length: partitions }, (_, partition) => keysOf(partition))

  function indexesOf({ kind, state, app }: ListQuery, partition: number): string[] {
    const keys = each[partition] as ReturnType<typeof keysOf>
    const narrowed = [...(state ? [keys.byState(state)] : []), ...(app ? [keys.byApp(app)] : [])]
    return narrowed.length > 0 && kind === 'account' ? narrowed : [keys.listing(kind)]
  }

  /** By member, not by offset: what is inserted meanwhile shifts nothing. */
  async function page(query: ListQuery, [partition, after]: Cursor, limit: number): Promise<string[]> {
    const [index, other] = indexesOf(query, partition) as [string, string?]
    if (other === undefined) return commands.zmembers(index, { after, limit })
    const both = await commands.zinter([index, other])
    return both
      .filter((id) => after === '' || Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0)
      .slice(0, limit)
  }

  return {
    /** Rejects with `BadCursor`. */
    async list(query: ListQuery): Promise<{ ids: string[]; cursor?: string }> {
      let [partition, after]: Cursor = query.cursor === undefined ? [0, ''] : decodeCursor(query.cursor)
      const ids: string[] = []
      for (; partition < partitions; partition++, after = '') {
        const found = await page(query, [partition, after], query.limit - ids.length)
        ids.push(...found)
        if (ids.length >= query.limit) return { ids, cursor: encodeCursor([partition, ids.at(-1) as string]) }
      }
      return { ids }
    },
    /** One account of the app that waits for its secret; which one is left to chance. */
    async pickWaiting(app: string): Promise<string | null> {
      const start = Math.floor(random() * partitions)
      for (let i = 0; i < partitions; i++) {
        const keys = each[(start + i) % partitions] as ReturnType<typeof keysOf>
        const [found] = await commands.zinter([keys.byState('secret-expired'), keys.byApp(app)])
        if (found !== undefined) return found
      }
      return null
    },
    async countByApp(app: string): Promise<number> {
      return sum(await Promise.all(each.map((keys) => commands.zcard(keys.byApp(app)))))
    },
    async countByState(): Promise<Record<string, number>> {
      const counts = states.map(async (state) => {
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
