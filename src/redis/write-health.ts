import type { Logger } from 'pino'
import { realTimers, type Timers } from '../common/timers.ts'
import { keysOf } from './keys.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { type StorageTrouble, StorageUnavailable } from './storage-unavailable.ts'

export interface WriteHealthOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly logger: Logger
  readonly timers?: Timers
}

export interface WriteHealth {
  /** Runs scripts, and records failures. */
  readonly run: RunScript
  /** Rejects with `StorageUnavailable` if nothing can be written. */
  prove(): Promise<unknown>
  trouble(): StorageTrouble | null
  /** Called for each failed command. */
  onFailure(counter: (why: StorageTrouble) => void): void
  stop(): Promise<void>
}

const pollInterval = 1_000
const usuallyEvery = 5

/** Detects that Redis answers but cannot be written: from failed commands, and from small periodic writes. */
export function watchWrites({ redis, run, logger, timers = realTimers }: WriteHealthOptions): WriteHealth {
  const counters: ((why: StorageTrouble) => void)[] = []
  let trouble: StorageTrouble | null = null
  /** By server, because on Redis Cluster one may be full and the others not. */
  let probed = keysOf(0).replicated
  let looks = 0

  function note(error: unknown, key: string): void {
    if (!(error instanceof StorageUnavailable)) return
    const { why } = error
    for (const count of counters) count(why)
    if (why === 'unreachable' || why === 'lost') return
    if (trouble !== why) logger.error({ redis: (error.cause as Error).message }, error.message)
    trouble = why
    probed = key
  }

  const prove = () => reach(() => redis.set(probed, '', 'PX', 60_000))

  async function look(): Promise<void> {
    if (trouble === null && looks++ % usuallyEvery !== 0) return
    try {
      await prove()
      if (trouble !== null) logger.info('the storage accepts writes again')
      trouble = null
    } catch (error) {
      note(error, probed)
    }
  }

  const poll = timers.poll(pollInterval, look)
  return {
    async run(call) {
      try {
        return await run(call)
      } catch (error) {
        note(error, (call.keys[0] as string).replace(/\}.*/, '}:replicated'))
        throw error
      }
    },
    prove,
    trouble: () => trouble,
    onFailure: (counter: (why: StorageTrouble) => void) => void counters.push(counter),
    stop: poll.stop,
  }
}
