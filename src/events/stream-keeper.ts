import type { NatsConnection, StreamConfig } from 'nats'
import type { Logger } from 'pino'
import { watchConnection } from '../bus/connection-watch.ts'
import type { StreamName } from '../bus/subjects.ts'
import { createRareLog } from '../common/rare-log.ts'
import { StartError } from '../common/start-error.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { ensureStreams } from './streams.ts'

export interface StreamKeeper {
  /** Are the streams as they have to be, as far as is known? Until then nothing is published to them. */
  usable(): boolean
  /** Publishing failed: the streams are looked at anew within a second. */
  suspect(): void
  stop(): Promise<void>
}

const lookEvery = 1_000
const looksAnyway = 60_000

/**
 * Makes the streams at the start, and makes and checks them again whenever NATS may have lost them: with the configuration
 * they had, for an operator's limits are no less lost than the messages. Throws `StartError` at the start only.
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
  let suspected = false
  let lookedAt = 0
  const rarely = createRareLog({ logger, timers })

  async function ensure(): Promise<void> {
    suspected = false
    configs = await ensureStreams({
      nats,
      logger,
      before: configs,
      ...(replicas !== undefined && { replicas }),
    })
    lookedAt = timers.elapsed()
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
    if (usable && !suspected && timers.elapsed() - lookedAt < looksAnyway) return
    try {
      await ensure()
      if (!usable) logger.info('the streams are there, events go')
      usable = true
    } catch (error) {
      usable = false
      rarely.warn({}, `Events wait, tokens are served: ${sentence(error)}`)
    }
  }

  const poll = timers.poll(lookEvery, look)
  return {
    usable: () => usable,
    suspect() {
      suspected = true
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
    : `the streams could not be looked at (${(error as Error).message}).`
}
