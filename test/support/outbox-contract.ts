import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../src/redis/keys.ts'
import type { Change, OutboxEntry } from '../../src/redis/records.ts'
import { openRecords, type RecordStore } from './open-records.ts'
import type { recordSamples } from './record-samples.ts'

const partitions = 4

/** The contract of the outbox, for every implementation. */
export function outboxContract(
  store: RecordStore,
  { newId, entry, change }: ReturnType<typeof recordSamples>,
): void {
  const { records, load, outboxOf } = openRecords(store, partitions)

  describe('the outbox', () => {
    it('is read in order and emptied by id', async () => {
      const id = newId()
      const both = [entry(id, 'account.transition'), entry(id, 'token.refreshed')]
      await records().save(change(id, { outbox: both }))
      const found = await outboxOf(id)
      expect(found.map((each) => each.entry)).toEqual(both)
      const [first] = found
      await records().outbox.remove({
        partition: partitionOf(id, partitions),
        entryIds: [first?.entryId as string],
      })
      expect((await outboxOf(id)).map((each) => each.entry)).toEqual([both[1]])
    })

    it('returns from a save its entries, and older ones of the same record', async () => {
      const id = newId()
      const partition = partitionOf(id, partitions)
      const waiting = await records().outbox.read({ partition, count: 1_000 })
      await records().outbox.remove({ partition, entryIds: waiting.map(({ entryId }) => entryId) })
      const save = async (types: OutboxEntry['type'][], again: Partial<Change> = {}) => {
        const outbox = types.map((type) => entry(id, type))
        return records().save(change(id, { previous: await load(id), outbox, ...again }))
      }
      const first = await save(['account.transition', 'token.refreshed'])
      const second = await save(['account.transition'], { saveId: 'a save of its own' })
      const found = (await outboxOf(id)).map(({ entryId, entry, version, save: by }) => ({
        entryId,
        entry,
        version,
        save: by,
      }))
      expect(first.left).toEqual({ entries: found.slice(0, 2), older: [] })
      expect(second.left).toEqual({
        entries: found.slice(2),
        older: found.slice(0, 2).map(({ entryId }) => entryId),
      })
      // Its first reply may have been lost, so its entries are not returned.
      expect((await save([], { saveId: 'a save of its own' })).left).toBeUndefined()
      await save(Array.from({ length: 40 }, () => 'token.invalid'))
      expect((await save(['account.transition'])).left?.older).toBeNull()
    })

    it('beyond its limit drops transitions even behind hundreds of other events, which are kept', async () => {
      const small = await store.open({ partitions: 1, outboxCap: 4 })
      const id = 'edges-first'
      const save = async (outbox: OutboxEntry[]) => {
        const previous = await small.load({ kind: 'account', id })
        await small.save(change(id, { previous, outbox }))
      }
      for (let n = 0; n < 40; n++)
        await save(Array.from({ length: 5 }, (_, i) => entry(id, 'token.invalid', n * 5 + i)))
      for (let n = 0; n < 40; n++) await save([entry(id, 'account.transition', 1_000 + n)])
      const left = (await small.outbox.read({ partition: 0, count: 999 })).map((each) => each.entry)
      expect(left.filter(({ type }) => type === 'token.invalid')).toHaveLength(200)
      expect(left.filter(({ type }) => type === 'account.transition').length).toBeLessThan(20)
    })

    it('has a lower limit if all partitions together exceed theirs', async () => {
      const small = await store.open({ partitions: 4, outboxCap: 100, outboxesCap: 12 })
      for (let n = 0; n < 24; n++)
        await small.save(change(`spread-${n}`, { outbox: [entry(`spread-${n}`, 'account.transition')] }))
      expect(await small.outbox.size()).toBe(24)
      for (let n = 24; n < 48; n++)
        await small.save(change(`spread-${n}`, { outbox: [entry(`spread-${n}`, 'account.transition')] }))
      expect(await small.outbox.size()).toBeLessThanOrEqual(12)
    })

    it('beyond its limit drops its oldest transitions first, and no other event', async () => {
      const small = await store.open({ partitions: 1, outboxCap: 4 })
      const id = 'capped'
      for (let version = 0; version < 6; version++) {
        const outbox = [
          entry(id, 'account.transition', version),
          ...(version < 3 ? [entry(id, 'token.invalid', 100 + version)] : []),
        ]
        const previous = await small.load({ kind: 'account', id })
        await small.save(change(id, { previous, outbox }))
      }
      const left = (await small.outbox.read({ partition: 0, count: 99 })).filter(
        (each) => each.entry.ref.id === id,
      )
      expect(left.filter((each) => each.entry.type === 'token.invalid')).toHaveLength(3)
      expect(
        left.filter((each) => each.entry.type === 'account.transition').map((each) => each.entry.id),
      ).toEqual(['event-5'])
    })
  })
}
