import type { NatsConnection, StreamConfig } from 'nats'
import type { Logger } from 'pino'
import { watchConnection } from '../bus/connection-watch.ts'
import type { StreamName } from '../bus/subjects.ts'
import { createRareLog } from '../common/rare-log.ts'
import { StartError } from '../common/start-error.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { ensureStreams } from './streams.ts'

export interface StreamKeeper {
  /** True if the streams passed their last check; nothing is published otherwise. */
  usable(): boolean
  /** Publishing failed: check the streams again within a second. */
  recheck(): void
  stop(): Promise<void>
}

const pollEvery = 1_000
const recheckEvery = 60_000

/**
 * Creates the streams at the start, and checks and recreates them whenever NATS may have lost them, with their last known
 * configuration, so that an operator's limits are not lost. Throws `StartError` only at the start.
 */
export async function keepStreams({
  nats,
  replicas,
  logger,
  timers = realTimers,
}: {
  nats: NatsConnection
  replicas?: number
  logger: Logger
  timers?: Timers
}): Promise<StreamKeeper> {
  let configs: ReadonlyMap<StreamName, StreamConfig> = new Map()
  let usable = false
  let recheckNeeded = false
  let checkedAt = 0
  const rarely = createRareLog({ logger, timers })

  async function ensure(): Promise<void> {
    recheckNeeded = false
    configs = await ensureStreams({
      nats,
      logger,
      before: configs,
      ...(replicas !== undefined && { replicas }),
    })
    checkedAt = timers.elapsed()
  }

  await ensure()
  usable = true
  const connection = watchConnection({
    nats,
    onDown() {
      usable = false
    },
  })

  async function look(): Promise<void> {
    if (!connection.connected()) return
    if (usable && !recheckNeeded && timers.elapsed() - checkedAt < recheckEvery) return
    try {
      await ensure()
      if (!usable) logger.info('the streams are usable again, events are published')
      usable = true
    } catch (error) {
      usable = false
      rarely.warn({}, `Events stay in the outbox, tokens are served: ${sentence(error)}`)
    }
  }

  const poll = timers.poll(pollEvery, look)
  return {
    usable: () => usable,
    recheck() {
      recheckNeeded = true
    },
    stop() {
      connection.stop()
      return poll.stop()
    },
  }
}

function sentence(error: unknown): string {
  return error instanceof StartError
    ? error.message
    : `the streams could not be checked (${(error as Error).message}).`
}
