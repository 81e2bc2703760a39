import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../src/redis/keys.ts'
import { BadCursor } from '../../src/redis/records.ts'
import { openRecords, type RecordStore } from './open-records.ts'
import { outboxContract } from './outbox-contract.ts'
import { recordSamples } from './record-samples.ts'

const partitions = 4

/** The contract of records, for every implementation, including the simulated one. */
export function recordsContract(store: RecordStore): void {
  const samples = recordSamples()
  const { newId, entry, change } = samples
  const { records, load, outboxOf } = openRecords(store, partitions)

  describe('save', () => {
    it('stores what load returns, with the time', async () => {
      const id = newId()
      expect(await load(id)).toMatchObject({ version: 0, snapshot: null, fields: {} })
      const saved = await records().save(change(id, { wakeAt: 77, fields: { c: 'sealed', user: 'someone' } }))
      expect(saved).toMatchObject({ saved: true, version: 1 })
      expect(await load(id)).toMatchObject({
        version: 1,
        snapshot: '{"value":"valid"}',
        generation: 1,
        state: 'valid',
        app: 'app',
        wakeAt: 77,
        fields: { c: 'sealed', user: 'someone' },
      })
      expect(saved.at - (await load(id)).at).toBeLessThanOrEqual(0)
      await records().save(change(id, { previous: await load(id), fields: { c: null } }))
      expect((await load(id)).fields).toEqual({ user: 'someone' })
    })

    it('succeeds for exactly one of fifty, and returns the version to the others', async () => {
      const id = newId()
      const saves = await Promise.all(Array.from({ length: 50 }, () => records().save(change(id))))
      expect(saves.filter(({ saved }) => saved)).toHaveLength(1)
      expect(new Set(saves.map(({ version }) => version))).toEqual(new Set([1]))
    })

    it('is refused on another history that has reached the same version', async () => {
      const id = newId()
      await records().save(change(id))
      const previous = { ...(await load(id)), saveId: 'saved at a master that is gone' }
      expect(await records().save(change(id, { previous, generation: 9 }))).toMatchObject({ saved: false })
      expect(await load(id)).toMatchObject({ version: 1, generation: 1 })
    })

    it('is idempotent when repeated', async () => {
      const id = newId()
      const once = change(id, { outbox: [entry(id, 'token.refreshed')] })
      await records().save(once)
      expect(await records().save(once)).toMatchObject({ saved: true, version: 1 })
      expect(await outboxOf(id)).toHaveLength(1)
    })
  })

  describe('a tombstone', () => {
    it('keeps version, generation and snapshot for seven days, and a later save continues them', async () => {
      const id = newId()
      await records().save(change(id, { generation: 5, fields: { c: 'sealed', f: 'marks' }, wakeAt: 5 }))
      await records().save(
        change(id, {
          generation: 5,
          state: null,
          app: null,
          previous: await load(id),
          tombstone: true,
        }),
      )
      expect(await load(id)).toMatchObject({ version: 2, generation: 5, state: null, app: null, fields: {} })
      expect((await records().list({ kind: 'account', limit: 1_000 })).ids).not.toContain(id)
      await records().save(change(id, { previous: await load(id), generation: 6 }))
      expect(await load(id)).toMatchObject({ version: 3, generation: 6 })
    })
  })

  describe('the index of due records', () => {
    const due = (id: string) => store.wakeUpOf(id, partitions)
    it('has the save’s wakeAt, is postponed by a claim, and restored only at the same version', async () => {
      const id = newId()
      await records().save(change(id, { wakeAt: 1_000 }))
      const partition = partitionOf(id, partitions)
      const { at, refs } = await records().claimDue({ partition, limit: 100, push: 30_000 })
      expect(refs).toContainEqual({ kind: 'account', id })
      expect(await due(id)).toBe(at + 30_000)
      expect((await records().claimDue({ partition, limit: 100, push: 1 })).refs).not.toContainEqual({
        kind: 'account',
        id,
      })
      const read = await load(id)
      const ref = { kind: 'account' as const, id }
      for (const other of [
        { ...read, version: 7 },
        { ...read, saveId: 'of another history' },
      ]) {
        await records().reindex({ ref, read: other, wakeAt: 5 })
        expect(await due(id)).toBe(at + 30_000)
      }
      await records().reindex({ ref, read, wakeAt: 5 })
      expect(await due(id)).toBe(5)
      await records().reindex({ ref, read, wakeAt: null })
      expect(await due(id)).toBeNull()
    })

    it('is moved forward for the waiting accounts of a restored app only', async () => {
      const [waiting, soon, other] = [newId(), newId(), newId()]
      const { at: now } = await load(waiting)
      const later = now + 3_600_000
      await records().save(change(waiting, { state: 'secret-expired', app: 'healed', wakeAt: later }))
      await records().save(change(soon, { state: 'secret-expired', app: 'healed', wakeAt: 7 }))
      await records().save(change(other, { state: 'valid', app: 'healed', wakeAt: later }))
      for (let partition = 0; partition < partitions; partition++)
        await records().wakeAccounts({ app: 'healed', partition, spread: 1_000 })
      expect(await due(waiting)).toBeLessThan(now + 2_000)
      expect(await due(soon)).toBe(7)
      expect(await due(other)).toBe(later)
    })

    it('gives each account that waits for a secret as a probe in turn', async () => {
      const ids = Array.from({ length: 5 }, newId)
      for (const id of ids) await records().save(change(id, { state: 'secret-expired', app: 'waits' }))
      const asked: (string | null)[] = [null]
      for (const _ of [...ids, ...ids]) asked.push(await records().pickWaiting('waits', asked.at(-1) ?? null))
      expect(new Set(asked.slice(1, 6))).toEqual(new Set(ids))
      expect(asked.slice(6)).toEqual(asked.slice(1, 6))
      expect(await records().pickWaiting('nobody waits', null)).toBeNull()
    })
  })

  describe('listings', () => {
    it('by state and app follow every save, in stable pages during inserts', async () => {
      const ids = Array.from({ length: 25 }, (_, i) => `list-${String(i).padStart(2, '0')}`)
      for (const id of ids) await records().save(change(id, { app: 'lists', state: 'expiring' }))
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await records().list({
          kind: 'account',
          app: 'lists',
          state: 'expiring',
          limit: 4,
          ...(cursor && { cursor }),
        })
        found.push(...page.ids)
        cursor = page.cursor
        await records().save(change(newId(), { app: 'lists', state: 'expiring' }))
      } while (cursor !== undefined)
      expect(found).toEqual(expect.arrayContaining(ids))
      expect(new Set(found).size).toBe(found.length)
      await records().save(
        change('list-00', {
          app: 'moved',
          state: 'valid',
          previous: await load('list-00'),
        }),
      )
      expect((await records().list({ kind: 'account', app: 'moved', limit: 9 })).ids).toEqual(['list-00'])
      expect((await records().list({ kind: 'account', app: 'lists', limit: 999 })).ids).not.toContain(
        'list-00',
      )
      expect(await records().countByApp('moved')).toBe(1)
      expect((await records().countByState()).expiring).toBeGreaterThanOrEqual(24)
      await expect(records().list({ kind: 'account', cursor: 'nonsense', limit: 1 })).rejects.toThrow(
        BadCursor,
      )
    })
  })

  describe('aliases', () => {
    it('find an account as long as it has them', async () => {
      const [one, two] = [newId(), newId()]
      await records().save(change(one, { names: ['name', 'other'] }))
      await records().save(change(two, { names: ['name', 'names'] }))
      expect((await load(one)).names).toEqual(['name', 'other'])
      expect((await records().byName('name')).sort()).toEqual([one, two].sort())
      expect(await records().byName('nam')).toEqual([])
      await records().save(change(one, { names: ['other', 'new'], previous: await load(one) }))
      expect(await records().byName('name')).toEqual([two])
      expect(await records().byName('new')).toEqual([one])
      const gone = { state: null, app: null, tombstone: true }
      await records().save(change(one, { ...gone, previous: await load(one) }))
      expect(await records().byName('other')).toEqual([])
    })
  })

  describe('joining', () => {
    it('counts the puts that are about to bind an account to an app, for a minute', async () => {
      const { joining } = records()
      const [app, account, at] = [newId(), newId(), 1_000_000]
      await joining.begin({ app, account: newId(), at })
      const end = await joining.begin({ app, account, at })
      expect(await joining.count(app, { at })).toBe(2)
      expect(await joining.count(newId(), { at })).toBe(0)
      await end()
      expect(await joining.count(app, { at: at + 60_000 })).toBe(1)
      expect(await joining.count(app, { at: at + 60_001 })).toBe(0)
    })

    it('counts another put of the same account after the first has ended', async () => {
      const { joining } = records()
      const put = { app: newId(), account: newId(), at: 1_000_000 }
      const end = await joining.begin(put)
      await joining.begin(put)
      await end()
      expect(await joining.count(put.app, put)).toBe(1)
    })
  })

  describe('the used generation', () => {
    it('records the requested generation of existing accounts only', async () => {
      const id = newId()
      await records().load({ kind: 'account', id }, { markUsed: true })
      expect((await load(id)).version).toBe(0)
      await records().save(change(id, { generation: 3 }))
      expect((await load(id)).usedGeneration).toBe(0)
      await records().load({ kind: 'account', id }, { markUsed: true })
      expect((await load(id)).usedGeneration).toBe(3)
    })
  })

  outboxContract(store, samples)
}
