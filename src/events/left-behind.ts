import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Poll, Timers } from '../common/timers.ts'
import type { Records } from '../redis/records.ts'
import type { Change } from './changes.ts'

const batch = 256
/** The saving node announces at once; what still waits after this may have been left by one that died. */
const leftAfter = 1_000
const lookEvery = 1_000

export interface LeftBehindOptions {
  readonly records: Pick<Records, 'outbox'>
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  readonly connected: () => boolean
  announce(change: Change): void
}

/**
 * Announces again the saves whose events still wait in the outbox: the node that made them may have died in between.
 * Each node announces each entry once, so that an hour without JetStream does not repeat them every second.
 */
export function createLeftBehind(options: LeftBehindOptions) {
  const { records, clock, partitions, timers, logger, connected, announce } = options
  /** The last entry announced, by partition. */
  const announced = new Map<number, string>()
  let poll: Poll | undefined
  let looking: Promise<void> | undefined

  async function lookAt(partition: number): Promise<void> {
    const before = clock.now() - leftAfter
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

  /** One look at a time: two at once would announce the same twice. */
  function look(): Promise<void> {
    looking ??= lookAtAll().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    look,
    /** Another Redis may number its entries anew. */
    startOver: () => announced.clear(),
    start(): void {
      poll = timers.poll(lookEvery, look)
    },
    async stop(): Promise<void> {
      await poll?.stop()
    },
  }
}
