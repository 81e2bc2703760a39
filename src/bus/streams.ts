import {
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats'
import type { Logger } from 'pino'
import { StartError } from '../start-error.ts'
import {
  jetStreamCode,
  noSuitablePeers,
  notEnabled,
  notEnabledForAccount,
  replicasNotSupported,
  streamNameInUse,
  streamNotFound,
} from './jetstream-error.ts'
import { type StreamName, streamSubjects, streams } from './subjects.ts'
import { capturedRequest, missingSubjects, verifyStream } from './verify-stream.ts'

const day = 24 * 60 * 60 * 1000
const gigabyte = 1024 ** 3
const maxBytes: Record<StreamName, number> = { TOKENBUS_EVENTS: gigabyte, TOKENBUS_HISTORY: 4 * gigabyte }

/** Publishing again within this many milliseconds stores nothing new. */
export const duplicateWindow = 10 * 60 * 1000

/**
 * Creates the streams that are missing, gives those of an older version the subjects they lack, and checks them; the
 * limits of an existing stream are its operator's. Needs `$JS.API.STREAM.INFO.<name>`, and where there is something to
 * create or to add, `$JS.API.STREAM.CREATE.<name>` or `$JS.API.STREAM.UPDATE.<name>`.
 * Without `replicas`: 3 in a NATS cluster that can place them, else 1. Throws `StartError`.
 */
export async function ensureStreams({
  nats,
  replicas,
  logger,
}: {
  nats: NatsConnection
  replicas?: number
  logger?: Logger
}): Promise<void> {
  const manager = await nats.jetstreamManager({ checkAPI: false })
  for (const name of Object.keys(streams) as StreamName[]) {
    const found = (await find(manager, name)) ?? (await create({ nats, manager, name, replicas, logger }))
    const config = await complete({ manager, name, config: found, logger })
    verifyStream({ name, config, duplicateWindow })
  }
}

async function find(manager: JetStreamManager, name: StreamName): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (jetStreamCode(error) === streamNotFound) return undefined
    throw refusal({ error, deed: `look up the stream ${name}`, subject: `$JS.API.STREAM.INFO.${name}` })
  }
}

async function create({
  nats,
  manager,
  name,
  replicas,
  logger,
}: {
  nats: NatsConnection
  manager: JetStreamManager
  name: StreamName
  replicas: number | undefined
  logger: Logger | undefined
}): Promise<StreamConfig> {
  const attempts = replicas === undefined ? (nats.info?.cluster === undefined ? [1] : [3, 1]) : [replicas]
  for (const [index, count] of attempts.entries()) {
    try {
      const { config } = await manager.streams.add(limits({ name, replicas: count }))
      logger?.info({ stream: name, replicas: count }, 'stream created')
      return config
    } catch (error) {
      const code = jetStreamCode(error)
      // Another node was faster, with other replicas than ours.
      if (code === streamNameInUse) return (await manager.streams.info(name)).config
      const tooMany = code === noSuitablePeers || code === replicasNotSupported
      if (tooMany && index + 1 < attempts.length) continue
      throw refusal({ error, deed: `create the stream ${name}`, subject: `$JS.API.STREAM.CREATE.${name}` })
    }
  }
  throw new Error('unreachable')
}

/** Adds nothing to a stream that must not be used: `verifyStream` says why. */
async function complete({
  manager,
  name,
  config,
  logger,
}: {
  manager: JetStreamManager
  name: StreamName
  config: StreamConfig
  logger: Logger | undefined
}): Promise<StreamConfig> {
  const missing = missingSubjects(name, config)
  if (missing.length === 0 || capturedRequest(config) !== undefined) return config
  try {
    const subjects = [...(config.subjects ?? []), ...missing]
    const updated = await manager.streams.update(name, { subjects })
    logger?.info({ stream: name, subjects: missing }, 'stream given the subjects it lacked')
    return updated.config
  } catch (error) {
    throw refusal({
      error,
      deed: `add ${missing.join(', ')} to the stream ${name}`,
      subject: `$JS.API.STREAM.UPDATE.${name}`,
    })
  }
}

function limits({
  name,
  replicas,
}: {
  name: StreamName
  replicas: number
}): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: streamSubjects(name),
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 200,
    max_age: nanos(30 * day),
    max_bytes: maxBytes[name],
    duplicate_window: nanos(duplicateWindow),
    num_replicas: replicas,
  }
}

function refusal({ error, deed, subject }: { error: unknown; deed: string; subject: string }): StartError {
  return new StartError(`Cannot ${deed}: ${reason(error, subject)}.`, { cause: error })
}

function reason(error: unknown, subject: string): string {
  if (!(error instanceof NatsError)) return 'an unexpected error'
  const code = jetStreamCode(error)
  if (code === notEnabled || code === notEnabledForAccount || (code === undefined && error.code === '503'))
    return 'the NATS server runs without JetStream; start it with -js or a jetstream block in its configuration'
  if (error.permissionContext !== undefined)
    return `the NATS user lacks the permission to ${verb(error.permissionContext.operation)} ${error.permissionContext.subject}`
  if (error.code === 'TIMEOUT') return `JetStream does not answer ${subject}`
  return `NATS says "${error.message}"`
}

function verb(operation: string): string {
  return operation === 'subscription' ? 'subscribe to' : 'publish to'
}
