import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Poll, Timers } from '../common/timers.ts'
import type { Records } from '../redis/records.ts'
import type { Change } from './changes.ts'

const batch = 256
/** The saving node announces at once; an entry still in the outbox after this time may be from a node that crashed. */
const abandonedAfter = 1_000
const pollInterval = 1_000

export interface UnannouncedSavesOptions {
  readonly records: Pick<Records, 'outbox'>
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  readonly connected: () => boolean
  announce(change: Change): void
}

/**
 * Announces saves again while their events are still in the outbox, because the node that saved may have crashed before it
 * announced. Each node does so once per entry, so that an hour without JetStream does not repeat it every second.
 */
export interface UnannouncedSaves {
  look(): Promise<void>
  /** After a failover, the ids of outbox entries may start again lower. */
  startOver(): void
  start(): void
  stop(): Promise<void>
}

export function createUnannouncedSaves(options: UnannouncedSavesOptions): UnannouncedSaves {
  const { records, clock, partitions, timers, logger, connected, announce } = options
  /** The last entry announced, by partition. */
  const announced = new Map<number, string>()
  let poll: Poll | undefined
  let looking: Promise<void> | undefined

  async function lookAt(partition: number): Promise<void> {
    const before = clock.now() - abandonedAfter
    for (;;) {
      const from = announced.get(partition)
      const entries = await records.outbox.read({ partition, count: batch, ...(from && { from }) })
      const left = entries.filter(({ entryId }) => Number(entryId.split('-')[0]) <= before)
      const last = left.at(-1)
      if (last === undefined) return
      const changes = new Map<string, Change>()
      for (const { entry, version, save } of left)
        changes.set(`${entry.ref.kind}:${entry.ref.id}`, { ...entry.ref, version, save })
      for (const change of changes.values()) announce(change)
      announced.set(partition, last.entryId)
      if (left.length < batch) return
    }
  }

  async function lookAtAll(): Promise<void> {
    if (!connected()) return
    const looks = await Promise.allSettled(Array.from({ length: partitions }, (_, each) => lookAt(each)))
    const failed = looks.find((each) => each.status === 'rejected')
    if (failed !== undefined) logger.debug({ err: failed.reason }, 'the outbox could not be read')
  }

  /** Single flight: two scans at once would announce the same entries twice. */
  function look(): Promise<void> {
    looking ??= lookAtAll().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    look,
    startOver: () => announced.clear(),
    start() {
      poll = timers.poll(pollInterval, look)
    },
    async stop() {
      await poll?.stop()
    },
  }
}
