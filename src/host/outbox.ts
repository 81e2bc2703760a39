import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { Publisher } from '../bus/publisher.ts'
import { partitionOf } from '../redis/keys.ts'
import type { OutboxEntry, Records } from '../redis/records.ts'
import type { Poll, Timers } from '../timers.ts'
import type { ClusterClock } from './cluster-clock.ts'
import { createTurns } from './turns.ts'

const batch = 256
/** More at once, after an outage, would keep each other waiting until none is acknowledged in time. */
const publishedAtOnce = 256
/** The saving node publishes at once; only what is older than this was left behind by a dead one. */
const leftBehindAfter = 1_000
const sweepEvery = 1_000
/** Half the stream's duplicate window: from here on its memory of ids is not to be trusted. */
const doubtfulAfter = 5 * 60_000

export interface OutboxOptions {
  readonly records: Pick<Records, 'outbox'>
  readonly publisher: Pick<Publisher, 'publish' | 'alreadyThere' | 'connected'>
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
}

type Waiting = Awaited<ReturnType<Records['outbox']['read']>>[number]

/**
 * Publishes what saves left in the outbox. Per account strictly in order, each entry after the ack of the one
 * before, also those another node left; an entry is removed only once the stream has it.
 */
export function createOutbox({ records, publisher, clock, partitions, timers, logger }: OutboxOptions) {
  const turns = createTurns()
  const limit = pLimit(publishedAtOnce)
  const fresh = new Map<number, Set<string>>()
  let poll: Poll | undefined

  const savedAt = (entryId: string) => Number(entryId.split('-')[0])

  async function publish({ entryId, entry }: Waiting): Promise<void> {
    const doubtful = clock.now() - savedAt(entryId) > doubtfulAfter
    if (doubtful && (await publisher.alreadyThere(entry))) return
    await publisher.publish(entry)
  }

  /** Answers the ids of the entries that the stream has now. */
  async function publishInOrder(entries: readonly Waiting[]): Promise<string[]> {
    const done: string[] = []
    for (const waiting of entries) {
      try {
        await limit(() => publish(waiting))
      } catch (error) {
        if (publisher.connected())
          logger.warn({ err: error, type: waiting.entry.type }, 'event not published yet')
        break
      }
      done.push(waiting.entryId)
    }
    return done
  }

  async function publishWhere(partition: number, chosen: (waiting: Waiting) => boolean): Promise<void> {
    let from: string | undefined
    // Whose entry was not acknowledged: what comes after it waits too, in the next batches as well.
    const stuck = new Set<string>()
    const publishGroup = async ([name, group]: [string, Waiting[]]) => {
      const done = await publishInOrder(group)
      if (done.length < group.length) stuck.add(name)
      return done
    }
    for (;;) {
      if (!publisher.connected()) return
      const entries = await records.outbox.read({ partition, count: batch, ...(from && { from }) })
      const free = entries.filter((waiting) => chosen(waiting) && !stuck.has(nameOf(waiting)))
      const done = (await Promise.all([...groupBy(free, nameOf)].map(publishGroup))).flat()
      if (done.length > 0) await records.outbox.remove({ partition, entryIds: done })
      if (entries.length < batch) return
      from = entries.at(-1)?.entryId
    }
  }

  /** Publishes all that waits for the accounts and apps saved since the last flush of their partition. */
  function flush(partition: number): Promise<void> {
    return turns.take(String(partition), async () => {
      const names = fresh.get(partition)
      if (names === undefined) return
      fresh.delete(partition)
      await publishWhere(partition, ({ entry }) => names.has(nameOf({ entry })))
    })
  }

  async function sweep(): Promise<void> {
    if (!publisher.connected()) return
    const before = clock.now() - leftBehindAfter
    const each = Array.from({ length: partitions }, (_, partition) =>
      turns.take(String(partition), () =>
        publishWhere(partition, ({ entryId }) => savedAt(entryId) <= before),
      ),
    )
    for (const swept of await Promise.allSettled(each)) {
      if (swept.status === 'rejected') return logger.debug({ err: swept.reason }, 'outbox sweep failed')
    }
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

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
