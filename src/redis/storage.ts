import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import { StartError } from '../common/start-error.ts'
import { type ApiTokenStore, createApiTokenStore } from './api-tokens.ts'
import { createCommands } from './commands.ts'
import { connectRedis, lacking, redisAddress } from './connect.ts'
import { type HighestTime, highestTime } from './highest-time.ts'
import { createIdentityMarks } from './identity-marks.ts'
import { watchIdentity } from './identity-watch.ts'
import { createIntegrity } from './integrity.ts'
import type { KnownData } from './known-data.ts'
import { openMeta, raiseLowest, raiseWritten, readLevels, retireKeys } from './meta.ts'
import { createPendingConsents, type PendingConsents } from './pending-consents.ts'
import { createPendingDevices, type PendingDevices } from './pending-devices.ts'
import { createRecords, type Records } from './records.ts'
import { createRefreshCounts, type RefreshCounts } from './refresh-counts.ts'
import { assertNoEviction, replication } from './replication.ts'
import { createSaveConfirmation, type SaveToConfirm } from './save-confirmation.ts'
import { createFingerprint, createSealer, type Sealer } from './seal.ts'
import { countSeals } from './seal-count.ts'
import { parseKeys } from './seal-keys.ts'
import { createSeenEvents, type SeenEvents } from './seen-events.ts'
import { createSigner } from './signer.ts'
import { type StorageTrouble, StorageUnavailable, sentenceOf } from './storage-unavailable.ts'
import { createTokenApiSwitch, type TokenApiSwitch } from './token-api-switch.ts'
import { watchWrites } from './write-health.ts'
import { createWriteLevel, type WriteLevel } from './write-level.ts'

export interface StorageOptions {
  readonly url: string
  readonly keys: string
  readonly partitions: number
  readonly logger: Logger
  readonly known?: KnownData | undefined
}

const pollInterval = 5_000
const readLevelEvery = 1_000
const replicaWithin = 500

export interface Storage {
  /** The identity of the data. */
  readonly identity: string
  readonly records: Records
  readonly pendingConsents: PendingConsents
  readonly pendingDevices: PendingDevices
  refreshCounts(clock: Pick<ClusterClock, 'now'>): RefreshCounts
  readonly apiTokens: ApiTokenStore
  readonly tokenApiSwitch: TokenApiSwitch
  readonly seenEvents: SeenEvents
  readonly sealer: Sealer
  /** The number of encryptions with the current key. */
  seals(): Promise<number>
  highestTime(seen: number): Promise<HighestTime>
  retireKeys(): Promise<string[]>
  readonly level: WriteLevel & {
    raiseWritten(to: number): Promise<void>
    raiseLowest(to: number): Promise<void>
  }
  snapshotSchema(): number
  onTampering(listener: (kind: string) => void): void
  fingerprint(mark: { account: string; token: Secret }): string
  /** With replicas: true if one has the last save. Without: true. */
  confirmSave(save: SaveToConfirm): Promise<boolean>
  /** Redis was reconnected or failed over, and may lack acknowledged saves. */
  onReconnect(listener: () => void): void
  /** Redis answers with other data or none, so what was read from it is invalid. */
  onLost(listener: () => void): void
  onFailure(listener: (why: StorageTrouble) => void): void
  /** Why this node cannot serve, as a sentence; null if it can. */
  trouble(): string | null
  close(): Promise<void>
}

/** Opens Redis: checks it, decrypts its keys, and watches it. Rejects with `StartError`. */
export async function openStorage({
  url,
  keys,
  partitions,
  logger,
  known,
}: StorageOptions): Promise<Storage> {
  const parsed = parseKeys(keys)
  const counted = createSealer(parsed)
  const redis = await connectRedis({ url, logger })
  const seals = countSeals({ redis, sealer: counted })
  const { sealer } = seals
  try {
    await assertNoEviction(redis)
    const unwatched = createCommands(redis)
    const writes = watchWrites({ redis, run: unwatched.run, logger })
    const commands = { ...unwatched, run: writes.run }
    const opened = { redis, sealer, run: commands.run }
    const marks = createIdentityMarks({ redis, partitions })
    const { fingerprintKey, levels, identity } = await openMeta({ ...opened, partitions, marks, known })
    // Detects missing permissions or a full Redis at the start.
    await Promise.all([writes.prove(), highestTime(redis, 0)])
    const level = createWriteLevel(levels, { read: () => readLevels(opened) })
    const signer = createSigner(parsed)
    const integrity = createIntegrity({ signer, level, logger })
    let replicas = await replication(redis)
    const confirmation = await createSaveConfirmation({ redis, partitions, within: replicaWithin })
    const listeners: (() => void)[] = []
    const lostListeners: (() => void)[] = []
    const announceReconnect = () => {
      for (const listener of listeners) listener()
    }
    const identityWatch = watchIdentity({
      redis,
      sealer,
      identity,
      marks,
      partitions,
      logger,
      onBack: announceReconnect,
      onLost: () => {
        for (const listener of lostListeners) listener()
      },
    })

    /** Why this node cannot read or write; null if it can. */
    function trouble(): StorageTrouble | null {
      const refusal = identityWatch.refusal()
      if (refusal !== null) return refusal.why
      return redis.status === 'ready' ? writes.trouble() : 'unreachable'
    }

    /** Detects a failover behind a proxy or Sentinel by a changed replication id. */
    const timer = setInterval(() => {
      replication(redis).then(
        (seen) => {
          if (seen.id !== replicas.id) announceReconnect()
          replicas = seen
        },
        () => undefined,
      )
    }, pollInterval)

    const levelTimer = setInterval(() => {
      level.refresh().catch((error) => logger.debug({ err: error }, 'write level not read'))
    }, readLevelEvery)

    return {
      identity: identity.id,
      records: createRecords({
        commands,
        partitions,
        integrity,
        level,
        checkIdentity: identityWatch.check,
      }),
      pendingConsents: createPendingConsents({ ...opened, level, integrity }),
      pendingDevices: createPendingDevices({ ...opened, integrity }),
      apiTokens: createApiTokenStore({ ...opened, integrity }),
      tokenApiSwitch: createTokenApiSwitch({ ...opened, signer, integrity }),
      refreshCounts: (clock: Pick<ClusterClock, 'now'>) => createRefreshCounts({ redis, clock, logger }),
      seenEvents: createSeenEvents(redis, { partitions }),
      sealer,
      seals: seals.total,
      highestTime: (seen) => highestTime(redis, seen),
      retireKeys: () => retireKeys(opened),
      level: {
        ...level,
        raiseWritten: (to) => raiseWritten(opened, to).then(level.refresh),
        raiseLowest: (to) => raiseLowest(opened, to).then(level.refresh),
      },
      snapshotSchema: level.snapshotSchema,
      onTampering: integrity.onTampering,
      fingerprint: createFingerprint(fingerprintKey),
      async confirmSave(save) {
        return replicas.replicas === 0 || confirmation.confirm(save)
      },
      onReconnect: (listener) => void listeners.push(listener),
      onLost: (listener) => void lostListeners.push(listener),
      onFailure: writes.onFailure,
      trouble() {
        const why = trouble()
        if (why === 'lost') return identityWatch.refusal()?.message ?? null
        return why === null ? null : sentenceOf(why)
      },
      async close() {
        clearInterval(timer)
        await Promise.all([identityWatch.stop(), writes.stop()])
        confirmation.close()
        clearInterval(levelTimer)
        await seals.stop()
        await redis.quit().catch(() => redis.disconnect())
      },
    }
  } catch (error) {
    seals.stop()
    redis.disconnect()
    throw error instanceof StorageUnavailable ? notStarted(url, error) : error
  }
}

function notStarted(url: string, error: StorageUnavailable): StartError {
  const where = redisAddress(url)
  const { why, cause } = error
  const sentence =
    why === 'forbidden' && cause instanceof Error
      ? lacking({ where, error: cause })
      : `Redis at ${where} cannot be used: ${error.message}.`
  return new StartError(sentence, { cause: error })
}
