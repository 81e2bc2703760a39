import type { Commands } from './commands.ts'
import { keysOf, refOfDueMember } from './keys.ts'
import type { OutboxEntry, WaitingEntry } from './record.ts'

/** `reason`: why the stream will never take it. */
export interface DeadEntry extends WaitingEntry {
  readonly reason: string
}

/** Of a partition; the oldest make room. */
export const mostDeadEvents = 100

export interface EntryPage {
  readonly partition: number
  readonly from?: string
  readonly count: number
}

export interface EntryAddress {
  readonly partition: number
  readonly entryId: string
}

/** Events on their way to their stream. */
export interface Outbox {
  /** The oldest first, those after `from`. */
  read(page: EntryPage): Promise<WaitingEntry[]>
  remove(done: { readonly partition: number; readonly entryIds: readonly string[] }): Promise<void>
  /** False where it is gone already. */
  setAside(entry: EntryAddress & { readonly reason: string }): Promise<boolean>
  /** How many entries wait, over all partitions. */
  size(): Promise<number>
  /** What the last `size` found. */
  lastSize(): number
  /** When the oldest entry that still waits was saved, ms; null when none does. */
  oldest(): Promise<number | null>
}

/** Events that their stream will never take. */
export interface DeadEvents {
  read(of: { readonly partition: number }): Promise<DeadEntry[]>
  /** Back into the outbox, as the youngest. False where it is gone already. */
  retry(entry: EntryAddress): Promise<boolean>
  drop(entry: EntryAddress): Promise<void>
  size(): Promise<number>
}

/** Every verb rejects with `StorageUnavailable`. */
export interface OutboxStore {
  readonly outbox: Outbox
  readonly deadEvents: DeadEvents
}

/** By the cluster's time where that is ahead of Redis', whose clock may have been set back; not before it was retried. */
function savedAt({ entryId, entry }: WaitingEntry): number {
  return Math.max(Number(entryId.split('-')[0]), Date.parse(entry.time))
}

export function createOutboxStore({
  commands,
  partitions,
}: {
  commands: Commands
  partitions: number
}): OutboxStore {
  const each = Array.from({ length: partitions }, (_, partition) => keysOf(partition))

  let lastSize = 0

  async function total(lengths: Promise<number>[]): Promise<number> {
    return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0)
  }

  async function move(keys: string[], args: (string | number)[]): Promise<boolean> {
    return (await commands.run({ script: 'move-event', keys, args })) === 1
  }

  return {
    outbox: {
      async read({ partition, from, count }) {
        const found = await commands.xrange(keysOf(partition).outbox, { from, count })
        return found.map(toEntry)
      },
      async remove({ partition, entryIds }) {
        if (entryIds.length > 0) await commands.xdel(keysOf(partition).outbox, entryIds)
      },
      setAside({ partition, entryId, reason }) {
        const { outbox, deadEvents } = keysOf(partition)
        return move([outbox, deadEvents], [entryId, reason, mostDeadEvents])
      },
      async size() {
        lastSize = await total(each.map(({ outbox }) => commands.xlen(outbox)))
        return lastSize
      },
      lastSize: () => lastSize,
      async oldest() {
        const firsts = await Promise.all(each.map(({ outbox }) => commands.xrange(outbox, { count: 1 })))
        const times = firsts.flatMap(([first]) => (first ? [savedAt(toEntry(first))] : []))
        return times.length === 0 ? null : Math.min(...times)
      },
    },
    deadEvents: {
      async read({ partition }) {
        return (await commands.xrange(keysOf(partition).deadEvents, { count: mostDeadEvents })).map(toEntry)
      },
      retry({ partition, entryId }) {
        const { outbox, deadEvents } = keysOf(partition)
        return move([deadEvents, outbox], [entryId, '', 0])
      },
      async drop({ partition, entryId }) {
        await commands.xdel(keysOf(partition).deadEvents, [entryId])
      },
      size: () => total(each.map(({ deadEvents }) => commands.xlen(deadEvents))),
    },
  }
}

function toEntry([entryId, flat]: [string, string[]]): DeadEntry {
  const fields: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string
  const { id = '', type, time = '', of = '', body = '', version = 0, save = null, reason = '' } = fields
  const entry = { id, type: type as OutboxEntry['type'], time, ref: refOfDueMember(of), body }
  return { entryId, entry, version: Number(version), save, reason }
}
