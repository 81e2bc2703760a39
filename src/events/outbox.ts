import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { EventFlow } from '../common/event-flow.ts'
import { groupBy } from '../common/group-by.ts'
import { createKeyedQueue } from '../common/keyed-queue.ts'
import type { Observer } from '../common/observer.ts'
import { createRareLog } from '../common/rare-log.ts'
import type { Poll, Timers } from '../common/timers.ts'
import { partitionOf } from '../redis/keys.ts'
import type { LeftEntries, OutboxEntry, Records, WaitingEntry } from '../redis/records.ts'
import type { Change } from './changes.ts'
import { isRejected, reasonOf } from './jetstream-error.ts'
import { createOwnEntries } from './own-entries.ts'
import { EventRefused, type Publisher } from './publisher.ts'

const batch = 256
/** While a stream accepts nothing, fewer entries are tried, and less often. */
const batchWhileStalled = 4
const sweepEveryWhileStalled = 5_000
/** Bounded because after an outage more concurrent publishes would delay each other beyond the ack time-out. */
const maxConcurrentPublishes = 256
/** The saving node publishes at once; entries older than this were left by a node that crashed. */
const abandonedAfter = 1_000
const sweepEvery = 1_000
/** Half the stream's duplicate window: beyond it the stream may no longer recognise a duplicate by its id. */
const duplicateCheckAfter = 5 * 60_000
/** After this long without success only the sweep publishes; otherwise every save would read the whole outbox in vain. */
const sweepOnlyAfter = 2_000

export interface OutboxOptions {
  readonly records: Pick<Records, 'outbox'>
  readonly publisher: Pick<Publisher, 'publish' | 'alreadyThere' | 'connected'>
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  readonly flow: EventFlow
  readonly observer: Pick<Observer, 'eventSetAside'>
  /** Announces a save to all nodes, for a node that may have crashed before doing so. */
  announce(change: Change): void
}

interface Publishing {
  chosen(waiting: WaitingEntry): boolean
  /** Called with the last entry of an account or app that was removed from the outbox. */
  readonly onGone?: ((last: WaitingEntry) => void) | undefined
}

/**
 * Publishes the events in the outbox. Order: per account, each entry is published after the ack of the one before,
 * including entries of other nodes. An entry is removed only once the stream has stored it; one that the stream rejects
 * permanently becomes a dead letter, and does not block those after it. A node that removes another node's entries
 * announces their saves, because afterwards no node could find them in the outbox.
 */
export interface Outbox {
  /** Call after a save that wrote outbox entries. Never throws: the sweep retries what fails. `left`: the entries, if known. */
  saved(ref: OutboxEntry['ref'], left?: LeftEntries): void
  start(): void
  sweep(): Promise<void>
  stop(): Promise<void>
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { records, publisher, clock, partitions, timers, logger, flow, observer } = options
  const queue = createKeyedQueue()
  const limit = pLimit(maxConcurrentPublishes)
  const rarely = createRareLog({ logger, timers })
  const fresh = new Map<number, Set<string>>()
  const own = createOwnEntries({ records, settle })
  let poll: Poll | undefined
  let sweptAt = Number.NEGATIVE_INFINITY

  const savedAt = (entryId: string) => Number(entryId.split('-')[0])

  async function publish({ entryId, entry }: WaitingEntry): Promise<void> {
    const mayBeDuplicate = clock.now() - savedAt(entryId) > duplicateCheckAfter
    if (!mayBeDuplicate || !(await publisher.alreadyThere(entry))) await publisher.publish(entry)
    flow.took()
  }

  function noteFailure({ type }: OutboxEntry, error: unknown): void {
    const reason = reasonOf(error)
    if (!isRejected(error)) flow.failed(reason)
    if (publisher.connected())
      rarely.warn({ type, reason }, 'events stay in the outbox: their stream does not accept them')
  }

  /** Publishes one entry; `blocked` means that later entries of the same account must wait. */
  async function settle(
    partition: number,
    waiting: WaitingEntry,
  ): Promise<'stored' | 'dead-letter' | 'blocked'> {
    const { entryId, entry } = waiting
    try {
      await limit(() => publish(waiting))
      return 'stored'
    } catch (error) {
      if (error instanceof EventRefused) {
        const { ref, type } = entry
        if (await records.outbox.setAside({ partition, entryId, reason: error.message })) {
          observer.eventSetAside()
          logger.error(
            { [ref.kind]: ref.id, type, reason: error.message },
            'event became a dead letter: its stream rejects it',
          )
        }
        return 'dead-letter'
      }
      noteFailure(entry, error)
      return 'blocked'
    }
  }

  async function publishGroup(partition: number, entries: readonly WaitingEntry[]) {
    const stored: string[] = []
    for (const [count, waiting] of entries.entries()) {
      const outcome = await settle(partition, waiting)
      if (outcome === 'blocked') return { stored, count, blocked: true }
      if (outcome === 'stored') stored.push(waiting.entryId)
    }
    return { stored, count: entries.length, blocked: false }
  }

  function announceSave({ entry, version, save }: WaitingEntry): void {
    options.announce({ ...entry.ref, version, save })
  }

  /** Serialises entries per account. Returns the ids of stored entries; adds accounts with a failed entry to `blocked`. */
  async function publishAll(
    partition: number,
    entries: readonly WaitingEntry[],
    { blocked, onGone }: Pick<Publishing, 'onGone'> & { blocked: Set<string> },
  ): Promise<string[]> {
    const groups = [...groupBy(entries, nameOf)].map(async ([name, group]) => {
      const done = await publishGroup(partition, group)
      if (done.blocked) blocked.add(name)
      const last = group[done.count - 1]
      if (last !== undefined) onGone?.(last)
      return done.stored
    })
    const stored = (await Promise.all(groups)).flat()
    if (stored.length > 0) await records.outbox.remove({ partition, entryIds: stored })
    return stored
  }

  /** Returns whether the outbox had entries. */
  async function publishWhere(partition: number, { chosen, onGone }: Publishing): Promise<boolean> {
    let from: string | undefined
    let waited = false
    // Accounts with an unacknowledged entry: their later entries wait, in the next batches too.
    const blocked = new Set<string>()
    do {
      if (!publisher.connected()) return true
      const count = flow.stalledFor() > sweepOnlyAfter ? batchWhileStalled : batch
      const entries = await records.outbox.read({ partition, count, ...(from && { from }) })
      waited ||= entries.length > 0
      const free = entries.filter((waiting) => chosen(waiting) && !blocked.has(nameOf(waiting)))
      const stored = await publishAll(partition, free, { blocked, onGone })
      // While no stream answers, reading further batches would be in vain.
      const isDown = stored.length === 0 && flow.failing()
      from = entries.length < count || isDown ? undefined : entries.at(-1)?.entryId
    } while (from !== undefined)
    return waited
  }

  /** Publishes all entries of the accounts and apps saved since the partition's last flush. */
  function flush(partition: number): Promise<void> {
    return queue.run(String(partition), async () => {
      const names = fresh.get(partition)
      if (names === undefined) return
      fresh.delete(partition)
      if (flow.stalledFor() > sweepOnlyAfter) return
      await publishWhere(partition, { chosen: ({ entry }) => names.has(nameOf({ entry })) })
    })
  }

  async function sweep(): Promise<void> {
    const stalled = flow.stalledFor() > sweepOnlyAfter
    if (!publisher.connected() || (stalled && timers.elapsed() - sweptAt < sweepEveryWhileStalled)) return
    sweptAt = timers.elapsed()
    const before = clock.now() - abandonedAfter
    const each = Array.from({ length: partitions }, (_, partition) =>
      queue.run(String(partition), () =>
        publishWhere(partition, {
          chosen: (waiting) => savedAt(waiting.entryId) <= before && !own.has(nameOf(waiting)),
          onGone: announceSave,
        }),
      ),
    )
    let waited = false
    for (const swept of await Promise.allSettled(each)) {
      if (swept.status === 'rejected') return logger.debug({ err: swept.reason }, 'outbox sweep failed')
      waited ||= swept.value
    }
    // The outbox is empty: another node has published what this one could not.
    if (!waited) flow.took()
  }

  return {
    saved(ref, left) {
      const partition = partitionOf(ref.id, partitions)
      if (!publisher.connected() || flow.stalledFor() > sweepOnlyAfter) return
      if (left !== undefined && own.publish({ ...left, name: nameOf({ entry: { ref } }), partition })) return
      const names = fresh.get(partition)
      if (names !== undefined) return void names.add(nameOf({ entry: { ref } }))
      fresh.set(partition, new Set([nameOf({ entry: { ref } })]))
      flush(partition).catch((error) => logger.debug({ err: error }, 'outbox flush failed'))
    },
    start() {
      poll = timers.poll(sweepEvery, sweep)
    },
    sweep,
    async stop() {
      await poll?.stop()
      await own.drained()
      await Promise.allSettled(Array.from({ length: partitions }, (_, partition) => flush(partition)))
    },
  }
}

function nameOf({ entry }: { entry: Pick<OutboxEntry, 'ref'> }): string {
  return `${entry.ref.kind}:${entry.ref.id}`
}
