import { beforeAll } from 'vitest'
import { partitionOf } from '../../src/redis/keys.ts'
import type { Records } from '../../src/redis/records.ts'

export interface RecordStore {
  open(options: { partitions: number; outboxCap?: number; outboxesCap?: number }): Promise<Records>
  /** The account's score in `due`. */
  wakeUpOf(id: string, partitions: number): Promise<number | null>
}

/** Records of a store, opened before the tests of the enclosing block. */
export function openRecords(store: RecordStore, partitions: number) {
  let opened: Records
  beforeAll(async () => {
    opened = await store.open({ partitions })
  })
  return {
    records: () => opened,
    load: (id: string) => opened.load({ kind: 'account', id }),
    outboxOf: async (id: string) =>
      (await opened.outbox.read({ partition: partitionOf(id, partitions), count: 1_000 })).filter(
        (each) => each.entry.ref.id === id,
      ),
  }
}
