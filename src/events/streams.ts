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
import { type StreamName, streamSubjects, streams } from '../bus/subjects.ts'
import { StartError } from '../common/start-error.ts'
import {
  jetStreamCode,
  noSuitablePeers,
  notEnabled,
  notEnabledForAccount,
  replicasNotSupported,
  streamNameInUse,
  streamNotFound,
} from './jetstream-error.ts'
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
  before = new Map(),
  logger,
}: {
  nats: NatsConnection
  replicas?: number
  /** As they were when last seen: so they are made again. */
  before?: ReadonlyMap<StreamName, StreamConfig>
  logger?: Logger
}): Promise<ReadonlyMap<StreamName, StreamConfig>> {
  const manager = await nats.jetstreamManager({ checkAPI: false })
  const configs = new Map<StreamName, StreamConfig>()
  for (const name of Object.keys(streams) as StreamName[]) {
    const wishes = wishesFor({
      name,
      replicas,
      before: before.get(name),
      clustered: nats.info?.cluster !== undefined,
    })
    const found = (await find(manager, name)) ?? (await create({ manager, name, wishes, logger }))
    const config = await complete({ manager, name, config: found, logger })
    verifyStream({ name, config, duplicateWindow })
    configs.set(name, config)
  }
  return configs
}

type Wish = Partial<StreamConfig> & { name: string; num_replicas: number }

/** What to try to create, the best first. */
function wishesFor({
  name,
  replicas,
  before,
  clustered,
}: {
  name: StreamName
  replicas: number | undefined
  before: StreamConfig | undefined
  clustered: boolean
}): Wish[] {
  // Peers that are still down are waited for: fewer replicas than before would be for good.
  if (before !== undefined) return clustered ? [before] : [{ ...before, num_replicas: 1 }]
  const counts = replicas === undefined ? (clustered ? [3, 1] : [1]) : [replicas]
  return counts.map((count) => limits({ name, replicas: count }))
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
  manager,
  name,
  wishes,
  logger,
}: {
  manager: JetStreamManager
  name: StreamName
  wishes: readonly Wish[]
  logger: Logger | undefined
}): Promise<StreamConfig> {
  for (const [index, wish] of wishes.entries()) {
    try {
      const { config } = await manager.streams.add(wish)
      logger?.info({ stream: name, replicas: wish.num_replicas }, 'stream created')
      return config
    } catch (error) {
      const code = jetStreamCode(error)
      // Another node was faster, with other replicas than ours.
      if (code === streamNameInUse) return (await manager.streams.info(name)).config
      const tooMany = code === noSuitablePeers || code === replicasNotSupported
      if (tooMany && index + 1 < wishes.length) continue
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

function limits({ name, replicas }: { name: StreamName; replicas: number }): Wish {
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
