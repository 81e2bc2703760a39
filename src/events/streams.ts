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

/** Milliseconds within which a repeated publish is recognised as a duplicate. */
export const duplicateWindow = 10 * 60 * 1000

/**
 * Creates missing streams, adds missing subjects to those of an older version, and checks them; the limits of an existing
 * stream are left as the operator set them. Needs `$JS.API.STREAM.INFO.<name>`, and to create or to add subjects,
 * `$JS.API.STREAM.CREATE.<name>` or `$JS.API.STREAM.UPDATE.<name>`.
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
  /** The last known configurations, with which streams are recreated. */
  before?: ReadonlyMap<StreamName, StreamConfig>
  logger?: Logger
}): Promise<ReadonlyMap<StreamName, StreamConfig>> {
  const manager = await nats.jetstreamManager({ checkAPI: false })
  const configs = new Map<StreamName, StreamConfig>()
  for (const name of Object.keys(streams) as StreamName[]) {
    const candidates = candidateConfigs({
      name,
      replicas,
      before: before.get(name),
      clustered: nats.info?.cluster !== undefined,
    })
    const found = (await find(manager, name)) ?? (await create({ manager, name, candidates, logger }))
    const config = await complete({ manager, name, config: found, logger })
    verifyStream({ name, config, duplicateWindow })
    configs.set(name, config)
  }
  return configs
}

type CandidateConfig = Partial<StreamConfig> & { name: string; num_replicas: number }

/** The configurations to try when creating a stream, the preferred one first. */
function candidateConfigs({
  name,
  replicas,
  before,
  clustered,
}: {
  name: StreamName
  replicas: number | undefined
  before: StreamConfig | undefined
  clustered: boolean
}): CandidateConfig[] {
  // If peers are down, wait for them: a stream recreated with fewer replicas would keep that number.
  if (before !== undefined) return clustered ? [before] : [{ ...before, num_replicas: 1 }]
  const counts = replicas === undefined ? (clustered ? [3, 1] : [1]) : [replicas]
  return counts.map((count) => limits({ name, replicas: count }))
}

async function find(manager: JetStreamManager, name: StreamName): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (jetStreamCode(error) === streamNotFound) return undefined
    throw refusal({ error, action: `look up the stream ${name}`, subject: `$JS.API.STREAM.INFO.${name}` })
  }
}

async function create({
  manager,
  name,
  candidates,
  logger,
}: {
  manager: JetStreamManager
  name: StreamName
  candidates: readonly CandidateConfig[]
  logger: Logger | undefined
}): Promise<StreamConfig> {
  for (const [index, candidate] of candidates.entries()) {
    try {
      const { config } = await manager.streams.add(candidate)
      logger?.info({ stream: name, replicas: candidate.num_replicas }, 'stream created')
      return config
    } catch (error) {
      const code = jetStreamCode(error)
      // Another node has just created it, with another number of replicas.
      if (code === streamNameInUse) return (await manager.streams.info(name)).config
      const tooMany = code === noSuitablePeers || code === replicasNotSupported
      if (tooMany && index + 1 < candidates.length) continue
      throw refusal({ error, action: `create the stream ${name}`, subject: `$JS.API.STREAM.CREATE.${name}` })
    }
  }
  throw new Error('unreachable')
}

/** Adds missing subjects; leaves a stream unchanged that `verifyStream` will reject. */
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
    logger?.info({ stream: name, subjects: missing }, 'added missing subjects to the stream')
    return updated.config
  } catch (error) {
    throw refusal({
      error,
      action: `add ${missing.join(', ')} to the stream ${name}`,
      subject: `$JS.API.STREAM.UPDATE.${name}`,
    })
  }
}

function limits({ name, replicas }: { name: StreamName; replicas: number }): CandidateConfig {
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

function refusal({
  error,
  action,
  subject,
}: {
  error: unknown
  action: string
  subject: string
}): StartError {
  return new StartError(`Cannot ${action}: ${reason(error, subject)}.`, { cause: error })
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
