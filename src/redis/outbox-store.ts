import type { Commands } from './commands.ts'
import { keysOf, refOfDueMember } from './keys.ts'
import type { OutboxEntry, WaitingEntry } from './record.ts'

/** A dead letter; `reason`: why the stream rejects it. */
export interface DeadEntry extends WaitingEntry {
  readonly reason: string
}

/** Maximum per partition; beyond it the oldest are dropped. */
export const maxDeadEvents = 100

export interface EntryPage {
  readonly partition: number
  readonly from?: string
  readonly count: number
}

export interface EntryAddress {
  readonly partition: number
  readonly entryId: string
}

/** Events to be published. */
export interface Outbox {
  /** The oldest first, after `from`. */
  read(page: EntryPage): Promise<WaitingEntry[]>
  remove(done: { readonly partition: number; readonly entryIds: readonly string[] }): Promise<void>
  /** False if it no longer exists. */
  setAside(entry: EntryAddress & { readonly reason: string }): Promise<boolean>
  /** The number of entries in all partitions. */
  size(): Promise<number>
  /** The result of the last `size`. */
  lastSize(): number
  /** When the oldest entry was saved (ms); null if there is none. */
  oldest(): Promise<number | null>
}

/** Dead letters: events that their stream rejects permanently. */
export interface DeadEvents {
  read(of: { readonly partition: number }): Promise<DeadEntry[]>
  /** Puts it back at the end of the outbox. False if it no longer exists. */
  retry(entry: EntryAddress): Promise<boolean>
  drop(entry: EntryAddress): Promise<void>
  size(): Promise<number>
}

/** Every method rejects with `StorageUnavailable`. */
export interface OutboxStore {
  readonly outbox: Outbox
  readonly deadEvents: DeadEvents
}

/** The entry's time by the cluster's clock, if Redis' clock was set back; a retried entry counts from its retry. */
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
        return move([outbox, deadEvents], [entryId, reason, maxDeadEvents])
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
        return (await commands.xrange(keysOf(partition).deadEvents, { count: maxDeadEvents })).map(toEntry)
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
