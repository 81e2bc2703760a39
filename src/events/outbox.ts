import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { EventFlow } from '../common/event-flow.ts'
import { groupBy } from '../common/group-by.ts'
import { createTurns } from '../common/keyed-queue.ts'
import type { Observer } from '../common/observer.ts'
import { createRareLog } from '../common/rare-log.ts'
import type { Poll, Timers } from '../common/timers.ts'
import { partitionOf } from '../redis/keys.ts'
import type { OutboxEntry, Records, WaitingEntry } from '../redis/records.ts'
import type { Change } from './changes.ts'
import { isAnsweredNo, reasonOf } from './jetstream-error.ts'
import { EventRefused, type Publisher } from './publisher.ts'

const batch = 256
/** Of a stream that takes none, fewer are asked after, and less often. */
const batchWhileFailing = 4
const sweepEveryWhileFailing = 5_000
/** More at once, after an outage, would keep each other waiting until none is acknowledged in time. */
const publishedAtOnce = 256
/** The saving node publishes at once; only what is older than this was left behind by a dead one. */
const leftBehindAfter = 1_000
const sweepEvery = 1_000
/** Half the stream's duplicate window: from here on its memory of ids is not to be trusted. */
const doubtfulAfter = 5 * 60_000
/** From here on only the sweep tries: each save would else read all that waits, to no avail. */
const leftToSweepAfter = 2_000

export interface OutboxOptions {
  readonly records: Pick<Records, 'outbox'>
  readonly publisher: Pick<Publisher, 'publish' | 'alreadyThere' | 'connected'>
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  readonly flow: EventFlow
  readonly observer: Pick<Observer, 'eventSetAside'>
  /** Tells every node of a save that another may have died with. */
  announce(change: Change): void
}

interface Publishing {
  chosen(waiting: WaitingEntry): boolean
  /** The last of one account or app that has just left the outbox. */
  readonly onGone?: ((last: WaitingEntry) => void) | undefined
}

/**
 * Publishes what saves left in the outbox. Per account strictly in order, each entry after the ack of the one
 * before, also those another node left; an entry is removed only once the stream has it. What the stream will never take
 * is set aside, and what comes after it goes on. The node that removes another node's entries announces their saves: no other node
 * would find it any more.
 */
export function createOutbox(options: OutboxOptions) {
  const { records, publisher, clock, partitions, timers, logger, flow, observer } = options
  const turns = createTurns()
  const limit = pLimit(publishedAtOnce)
  const rarely = createRareLog({ logger, timers })
  const fresh = new Map<number, Set<string>>()
  let poll: Poll | undefined
  let sweptAt = Number.NEGATIVE_INFINITY

  const savedAt = (entryId: string) => Number(entryId.split('-')[0])

  async function publish({ entryId, entry }: WaitingEntry): Promise<void> {
    const doubtful = clock.now() - savedAt(entryId) > doubtfulAfter
    if (!doubtful || !(await publisher.alreadyThere(entry))) await publisher.publish(entry)
    flow.took()
  }

  function noteFailure({ type }: OutboxEntry, error: unknown): void {
    const reason = reasonOf(error)
    if (!isAnsweredNo(error)) flow.failed(reason)
    if (publisher.connected()) rarely.warn({ type, reason }, 'events wait: their stream does not take them')
  }

  /** Answers what became of the entry: `stuck` holds back what comes after it. */
  async function settle(partition: number, waiting: WaitingEntry): Promise<'stored' | 'aside' | 'stuck'> {
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
            'event set aside: it cannot be sent',
          )
        }
        return 'aside'
      }
      noteFailure(entry, error)
      return 'stuck'
    }
  }

  async function publishGroup(partition: number, entries: readonly WaitingEntry[]) {
    const stored: string[] = []
    for (const [count, waiting] of entries.entries()) {
      const outcome = await settle(partition, waiting)
      if (outcome === 'stuck') return { stored, count, stuck: true }
      if (outcome === 'stored') stored.push(waiting.entryId)
    }
    return { stored, count: entries.length, stuck: false }
  }

  function announceLeft({ entry, version, save }: WaitingEntry): void {
    options.announce({ ...entry.ref, version, save })
  }

  /** Serialises entries per account. Answers the ids of stored entries; adds accounts whose entry failed to `stuck`. */
  async function publishAll(
    partition: number,
    entries: readonly WaitingEntry[],
    { stuck, onGone }: Pick<Publishing, 'onGone'> & { stuck: Set<string> },
  ): Promise<string[]> {
    const groups = [...groupBy(entries, nameOf)].map(async ([name, group]) => {
      const done = await publishGroup(partition, group)
      if (done.stuck) stuck.add(name)
      const last = group[done.count - 1]
      if (last !== undefined) onGone?.(last)
      return done.stored
    })
    const stored = (await Promise.all(groups)).flat()
    if (stored.length > 0) await records.outbox.remove({ partition, entryIds: stored })
    return stored
  }

  /** Answers whether anything waited. */
  async function publishWhere(partition: number, { chosen, onGone }: Publishing): Promise<boolean> {
    let from: string | undefined
    let waited = false
    // Whose entry was not acknowledged: what comes after it waits too, in the next batches as well.
    const stuck = new Set<string>()
    do {
      if (!publisher.connected()) return true
      const count = flow.stalledFor() > leftToSweepAfter ? batchWhileFailing : batch
      const entries = await records.outbox.read({ partition, count, ...(from && { from }) })
      waited ||= entries.length > 0
      const free = entries.filter((waiting) => chosen(waiting) && !stuck.has(nameOf(waiting)))
      const stored = await publishAll(partition, free, { stuck, onGone })
      // Where nobody answers, reading on through all that waits would not change that.
      const isHopeless = stored.length === 0 && flow.failing()
      from = entries.length < count || isHopeless ? undefined : entries.at(-1)?.entryId
    } while (from !== undefined)
    return waited
  }

  /** Publishes all that waits for the accounts and apps saved since the last flush of their partition. */
  function flush(partition: number): Promise<void> {
    return turns.take(String(partition), async () => {
      const names = fresh.get(partition)
      if (names === undefined) return
      fresh.delete(partition)
      if (flow.stalledFor() > leftToSweepAfter) return
      await publishWhere(partition, { chosen: ({ entry }) => names.has(nameOf({ entry })) })
    })
  }

  async function sweep(): Promise<void> {
    const stalled = flow.stalledFor() > leftToSweepAfter
    if (!publisher.connected() || (stalled && timers.elapsed() - sweptAt < sweepEveryWhileFailing)) return
    sweptAt = timers.elapsed()
    const before = clock.now() - leftBehindAfter
    const each = Array.from({ length: partitions }, (_, partition) =>
      turns.take(String(partition), () =>
        publishWhere(partition, {
          chosen: ({ entryId }) => savedAt(entryId) <= before,
          onGone: announceLeft,
        }),
      ),
    )
    let waited = false
    for (const swept of await Promise.allSettled(each)) {
      if (swept.status === 'rejected') return logger.debug({ err: swept.reason }, 'outbox sweep failed')
      waited ||= swept.value
    }
    // What this node could not publish another one has.
    if (!waited) flow.took()
  }

  return {
    /** Call after a save that left entries. Never throws: what fails now is swept later. */
    saved(ref: OutboxEntry['ref']): void {
      const partition = partitionOf(ref.id, partitions)
      const names = fresh.get(partition)
      if (names !== undefined) return void names.add(nameOf({ entry: { ref } }))
      fresh.set(partition, new Set([nameOf({ entry: { ref } })]))
      flush(partition).catch((error) => logger.debug({ err: error }, 'outbox flush failed'))
    },
    start(): void {
      poll = timers.poll(sweepEvery, sweep)
    },
    sweep,
    async stop(): Promise<void> {
      await poll?.stop()
      await Promise.allSettled(Array.from({ length: partitions }, (_, partition) => flush(partition)))
    },
  }
}

function nameOf({ entry }: { entry: Pick<OutboxEntry, 'ref'> }): string {
  return `${entry.ref.kind}:${entry.ref.id}`
}
