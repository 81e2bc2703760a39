import type { Logger } from 'pino'
import { realTimers, type Timers } from '../common/timers.ts'
import { gate } from './gate.ts'
import type { IdentityMarks } from './identity-marks.ts'
import { metaKey } from './keys.ts'
import { partitionsText } from './known-data.ts'
import { foreignKey, type Identity } from './meta.ts'
import { type RedisClient, reach } from './scripts.ts'
import type { Sealer } from './seal.ts'
import { StorageUnavailable } from './storage-unavailable.ts'

export interface IdentityWatchOptions {
  readonly redis: RedisClient
  readonly sealer: Pick<Sealer, 'open' | 'keyIds'>
  readonly identity: Identity
  readonly marks: Pick<IdentityMarks, 'lacking'>
  readonly partitions: number
  readonly logger: Logger
  readonly timers?: Timers
  /** The same data is available again, after an outage or a loss. */
  onBack(): void
  /** Redis answers without its data. */
  onLost(): void
}

export interface IdentityWatch {
  /** Rejects with `StorageUnavailable` unless Redis has the expected data, including this partition; all of them after a loss. */
  check(partition: number): Promise<void>
  /** Why Redis must not be used now, if so. */
  refusal(): StorageUnavailable | null
  stop(): Promise<void>
}

const pollInterval = 1_000
const sayEvery = 60_000

/**
 * Checks that Redis still has the data this node started with: after every reconnect before any other command, every second
 * (rotating over the partitions), and before a record counts as absent. If not, nothing is read or written until it has.
 */
export function watchIdentity(options: IdentityWatchOptions): IdentityWatch {
  const { redis, sealer, identity, marks, logger, timers = realTimers, onBack, onLost } = options
  let turn = 0
  let state: 'known' | 'unsure' | 'lost' = 'known'
  let sentence = ''
  let saidAt = Number.NEGATIVE_INFINITY
  let seenAt = new Date(timers.wallClock())

  function refusal(): StorageUnavailable | null {
    if (state === 'known') return null
    return state === 'lost' ? new StorageUnavailable(sentence, { why: 'lost' }) : new StorageUnavailable()
  }

  function lose(flaw: string): void {
    const before = seenAt.toISOString()
    sentence =
      `Redis ${flaw}; this node serves nothing and writes nothing until its data is back: restore the newest backup ` +
      `of before ${before} whose tb:meta has identity ${identity.id}.`
    if (state !== 'lost') onLost()
    state = 'lost'
    if (timers.elapsed() - saidAt < sayEvery) return
    saidAt = timers.elapsed()
    logger.error(sentence)
  }

  async function check(partition: number): Promise<void> {
    const meta = await reach(() => redis.hgetall(metaKey))
    const flaw = flawOf(meta) ?? (await flawOfPartitions(meta, state === 'lost' ? undefined : [partition]))
    if (flaw !== null) {
      lose(flaw)
      throw new StorageUnavailable(sentence, { why: 'lost' })
    }
    seenAt = new Date(timers.wallClock())
    if (state === 'known') return
    if (state === 'lost') logger.info('redis has its data again')
    state = 'known'
    saidAt = Number.NEGATIVE_INFINITY
    // A backup of a version without identities.
    if (meta.identity === undefined) await reach(() => redis.hsetnx(metaKey, 'identity', identity.id))
    onBack()
  }

  function flawOf(meta: Readonly<Record<string, string>>): string | null {
    if (meta.identity === undefined && !identity.isOf(meta)) return 'has lost its data'
    if (meta.identity !== undefined && meta.identity !== identity.id)
      return `holds other data (identity ${meta.identity})`
    const key = foreignKey(sealer, meta)
    return key === undefined ? null : `holds data sealed with another key of the id ${key}`
  }

  /** A single master of a Redis Cluster may come back empty. */
  async function flawOfPartitions(
    meta: Readonly<Record<string, string>>,
    which: readonly number[] | undefined,
  ): Promise<string | null> {
    // A backup of a version without marked partitions.
    if (meta.marked === undefined) return null
    const lost = await marks.lacking(identity.id, which)
    return lost.length === 0 ? null : `has lost a part of its data, ${partitionsText(lost)}`
  }

  function settle(): Promise<void> {
    turn = (turn + 1) % options.partitions
    return check(turn).catch(() => undefined)
  }
  gate(redis, refusal)
  redis.on('close', () => {
    if (state === 'known') state = 'unsure'
  })
  redis.on('ready', settle)
  const poll = timers.poll(pollInterval, async () => {
    if (redis.status === 'ready') await settle()
  })

  return {
    check,
    refusal,
    stop: poll.stop,
  }
}
