import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partitionOf } from '../../src/redis/keys.ts'
import { listSorted } from '../../src/redis/sorted-listing.ts'

const partitions = 4
const compareBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** Partitions as Redis keeps them: by bytes. */
function listingOf(ids: readonly string[]) {
  let asked = 0
  const page = async (partition: number, after: string, limit: number) => {
    asked += limit
    return ids
      .filter((id) => partitionOf(id, partitions) === partition && compareBytes(id, after) > 0)
      .sort(compareBytes)
      .slice(0, limit)
  }
  return {
    list: (query: { cursor?: string; limit: number }) => listSorted({ partitions, page }, query),
    asked: () => asked,
  }
}

it('pages contain each id once in byte order, however the ids are distributed over partitions', async () => {
  const sets = fc.uniqueArray(fc.string({ minLength: 1, unit: 'binary' }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(sets, fc.integer({ min: 1, max: 20 }), async (ids, limit) => {
      const { list } = listingOf(ids)
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await list({ limit, ...(cursor !== undefined && { cursor }) })
        expect(page.ids.length).toBeLessThanOrEqual(limit)
        found.push(...page.ids)
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(found).toEqual(ids.toSorted(compareBytes))
    }),
  )
})

it('few more ids are read from the partitions than are returned', async () => {
  const { list, asked } = listingOf(Array.from({ length: 5_000 }, (_, i) => `account-${i}`))
  expect((await list({ limit: 100 })).ids).toHaveLength(100)
  expect(asked()).toBeLessThan(400)
})
