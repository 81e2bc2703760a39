import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { type Poll, realTimers } from '../common/timers.ts'
import { type RedisClient, reach } from './scripts.ts'

/** The outcomes of refreshes in one hour, on all nodes. */
export interface HourOfRefreshes {
  /** When it began, in milliseconds. */
  readonly from: number
  readonly succeeded: number
  /** The most frequent first. */
  readonly failed: readonly { readonly reason: string; readonly count: number }[]
}

export interface RefreshCounts {
  /** `reason`: why it failed; null if it succeeded. Neither waits nor throws. */
  refreshEnded(reason: string | null): void
  /** The oldest hour first, including hours without refreshes. Rejects with `StorageUnavailable`. */
  lastHours(hours: number): Promise<HourOfRefreshes[]>
  stop(): Promise<void>
}

export interface RefreshCountsOptions {
  readonly redis: RedisClient
  readonly clock: Pick<ClusterClock, 'now'>
  readonly logger: Pick<Logger, 'debug'>
}

const hour = 3_600_000
/** Seconds: a whole day is kept until the next hour ends. */
const keptFor = 26 * 3_600
const writtenEvery = 2_000
const succeeded = 'succeeded'
const failed = 'failed:'
const keyOf = (from: number) => `tb:refreshes:${from / hour}`

/** Counted in memory and added to Redis every two seconds, so a node that crashes loses two seconds of statistics. */
export function createRefreshCounts({ redis, clock, logger }: RefreshCountsOptions): RefreshCounts {
  const waiting = new Map<number, Map<string, number>>()
  const hourNow = () => Math.floor(clock.now() / hour) * hour

  function add(from: number, field: string, count: number): void {
    const counts = waiting.get(from) ?? new Map<string, number>()
    counts.set(field, (counts.get(field) ?? 0) + count)
    waiting.set(from, counts)
  }

  async function write(): Promise<void> {
    const taken = [...waiting]
    waiting.clear()
    for (const [from, counts] of taken) {
      if (hourNow() - from > keptFor * 1_000) continue
      const fields = [...counts]
      const failures = await failuresOf(from, fields)
      for (const [index, [field, count]] of fields.entries()) if (failures[index]) add(from, field, count)
    }
  }

  /** By field. A pipeline resolves even if its commands are refused: each has its own error. */
  async function failuresOf(
    from: number,
    fields: readonly (readonly [string, number])[],
  ): Promise<boolean[]> {
    const pipeline = redis.pipeline()
    for (const [field, count] of fields) pipeline.hincrby(keyOf(from), field, count)
    pipeline.expire(keyOf(from), keptFor)
    try {
      const results = (await reach(() => pipeline.exec())) ?? []
      return fields.map((_, index) => results[index]?.[0] !== null)
    } catch (error) {
      logger.debug({ err: error }, 'refresh counts cannot be written to Redis yet')
      return fields.map(() => true)
    }
  }

  const poll: Poll = realTimers.poll(writtenEvery, write)

  return {
    refreshEnded: (reason) => add(hourNow(), reason === null ? succeeded : failed + reason, 1),
    async lastHours(hours) {
      await write()
      const first = hourNow() - (hours - 1) * hour
      const starts = Array.from({ length: hours }, (_, index) => first + index * hour)
      const rows = await reach(() => Promise.all(starts.map((from) => redis.hgetall(keyOf(from)))))
      return rows.map((row, index) => hourOf(starts[index] as number, row))
    },
    async stop() {
      await poll.stop()
      await write()
    },
  }
}

function hourOf(from: number, row: Record<string, string>): HourOfRefreshes {
  const reasons = Object.entries(row)
    .filter(([field]) => field.startsWith(failed))
    .map(([field, count]) => ({ reason: field.slice(failed.length), count: Number(count) }))
  return {
    from,
    succeeded: Number(row[succeeded] ?? 0),
    failed: reasons.sort((a, b) => b.count - a.count),
  }
}
