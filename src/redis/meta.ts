import { randomBytes, randomUUID } from 'node:crypto'
import type { Secret } from '../common/secret.ts'
import { StartError } from '../common/start-error.ts'
import type { IdentityMarks } from './identity-marks.ts'
import { metaKey } from './keys.ts'
import { type KnownData, refuseEmptied, refuseLostPartitions } from './known-data.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { generationOf, SealError, type Sealer } from './seal.ts'
import { type Levels, newestLevel } from './write-level.ts'

const canary = 'canary:'
const canaryPlace = { account: metaKey, generation: 0, slot: 'canary' }
const fingerprintPlace = { account: metaKey, slot: 'fingerprint-key' }

export interface MetaOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly sealer: Sealer
  readonly partitions: number
  readonly marks: IdentityMarks
  /** The identity of the data this node used before, if known. */
  readonly known?: KnownData | undefined
}

type Opened = Pick<MetaOptions, 'redis' | 'run' | 'sealer'>

/** The identity of the data, which a backup shares. */
export interface Identity {
  readonly id: string
  /** True if a meta record without an identity belongs to the same data. */
  isOf(meta: MetaRecord): boolean
}

export interface OpenedMeta {
  readonly fingerprintKey: Secret
  readonly levels: Levels
  readonly identity: Identity
}

type MetaRecord = Readonly<Record<string, string>>

/**
 * The cluster's parameters in Redis: the write level (`schema`), the number of partitions, a canary per key id in use, and the
 * key of the fingerprints. The first node writes each field if absent; all nodes then use them. Throws `StartError` if this
 * node cannot work with the database.
 */
export async function openMeta(options: MetaOptions): Promise<OpenedMeta> {
  const { redis, sealer, partitions, marks, known } = options
  await refuseEmptied(await reach(() => redis.hgetall(metaKey)), { known, marks })
  await setWhereAbsent({ schema: String(newestLevel), partitions: String(partitions) })
  const found = await reach(() => redis.hgetall(metaKey))
  if (!(Number(found.schema) >= 1 && Number(found.schema) <= newestLevel)) {
    throw new StartError(
      `This Redis holds data of schema ${found.schema}; this version works on schema ${newestLevel}.`,
    )
  }
  if (found.partitions !== String(partitions)) {
    throw new StartError(
      `This Redis was set up with ${found.partitions} partitions; set TOKENBUS_PARTITIONS to that, not ${partitions}.`,
    )
  }
  tryCanaries(sealer, found)
  // Only after the checks: a node with a wrong key must not write anything that prevents others from starting.
  await setWhereAbsent({
    identity: known?.identity ?? randomUUID(),
    'fingerprint-key': sealer.seal({
      text: randomBytes(32).toString('base64'),
      ...fingerprintPlace,
      generation: newestLevel,
    }),
    [canary + sealer.keyIds[0]]: sealer.seal({ text: 'tokenbus', ...canaryPlace }),
  })
  const meta = await reach(() => redis.hgetall(metaKey))
  tryCanaries(sealer, meta)
  await markPartitions(meta)
  try {
    const fingerprintKey = openFingerprintKey(sealer, meta)
    return { fingerprintKey, levels: await readLevels(options), identity: identityOf(meta, options) }
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause
    throw new StartError('The key of the fingerprints in this Redis was changed from outside.', { cause })
  }

  async function markPartitions(meta: MetaRecord): Promise<void> {
    const identity = meta.identity as string
    await refuseLostPartitions(meta, { identity, marks })
    if (meta.marked !== undefined) return
    await marks.write(identity)
    await setWhereAbsent({ marked: '1' })
  }

  async function setWhereAbsent(fields: Record<string, string>): Promise<void> {
    for (const [field, value] of Object.entries(fields))
      await reach(() => redis.hsetnx(metaKey, field, value))
  }
}

function openFingerprintKey(sealer: Pick<Sealer, 'open'>, meta: MetaRecord): Secret {
  return sealer.open({ sealed: meta['fingerprint-key'] as string, ...fingerprintPlace })
}

function identityOf(opened: MetaRecord, { sealer }: Pick<MetaOptions, 'sealer'>): Identity {
  const key = openFingerprintKey(sealer, opened).reveal()
  return {
    id: opened.identity as string,
    isOf: (meta) =>
      meta['fingerprint-key'] !== undefined &&
      opens(() => openFingerprintKey(sealer, meta)) &&
      openFingerprintKey(sealer, meta).reveal() === key,
  }
}

/** The same for read-only use: an empty Redis stays empty. Throws `StartError`. */
export async function readMeta({ redis, sealer }: Pick<MetaOptions, 'redis' | 'sealer'>) {
  const meta = await reach(() => redis.hgetall(metaKey))
  if (meta.schema === undefined || meta['fingerprint-key'] === undefined)
    throw new StartError('There is no tokenbus data in this Redis; check TOKENBUS_REDIS_URL.')
  if (Number(meta.schema) > newestLevel)
    throw new StartError(`This Redis holds data of schema ${meta.schema}; use the version that wrote it.`)
  tryCanaries(sealer, meta)
  return { partitions: Number(meta.partitions), levels: await readLevels({ redis, sealer }) }
}

/**
 * The lowest accepted level is stored as the generation of the encrypted fingerprint key (0: before levels existed), so that it
 * cannot be forged without the sealing keys.
 */
export async function readLevels({ redis, sealer }: Pick<Opened, 'redis' | 'sealer'>): Promise<Levels> {
  const [schema, sealed] = await reach(() => redis.hmget(metaKey, 'schema', 'fingerprint-key'))
  return { written: Number(schema) || 1, lowest: sealed ? lowestOf(sealer, sealed) : 1 }
}

function lowestOf(sealer: Sealer, sealed: string): number {
  sealer.open({ sealed, ...fingerprintPlace })
  return Math.max(1, generationOf(sealed))
}

/** From now on all nodes write this level, and older versions do not start. */
export async function raiseWritten({ redis }: Opened, level: number): Promise<void> {
  const schema = await reach(() => redis.hget(metaKey, 'schema'))
  if (Number(schema) < level) await reach(() => redis.hset(metaKey, 'schema', level))
}

/** From now on older levels are not accepted. */
export function raiseLowest(options: Opened, level: number): Promise<void> {
  return resealFingerprintKey(options, (sealed) => Math.max(level, generationOf(sealed)))
}

async function resealFingerprintKey(
  { redis, run, sealer }: Opened,
  generationFor: (sealed: string) => number,
): Promise<void> {
  for (;;) {
    const sealed = (await reach(() => redis.hget(metaKey, 'fingerprint-key'))) as string
    const generation = generationFor(sealed)
    if (!sealer.isStale(sealed) && generation === generationOf(sealed)) return
    const text = sealer.open({ sealed, ...fingerprintPlace }).reveal()
    const resealed = sealer.seal({ text, ...fingerprintPlace, generation })
    const args = ['fingerprint-key', sealed, resealed]
    if ((await run({ script: 'replace-field', keys: [metaKey], args })) === 1) return
  }
}

function tryCanaries(sealer: Sealer, meta: MetaRecord): void {
  for (const [field, sealed] of Object.entries(meta)) {
    if (field.startsWith(canary)) tryCanary({ sealer, sealed, keyId: field.slice(canary.length) })
  }
}

/**
 * Call once nothing else is encrypted with another key: re-encrypts the fingerprint key too, after which a node can start
 * without the other keys. Returns their ids.
 */
export async function retireKeys(options: Opened): Promise<string[]> {
  const { redis, sealer } = options
  await resealFingerprintKey(options, generationOf)
  const meta = await reach(() => redis.hgetall(metaKey))
  const retired = Object.keys(meta)
    .filter((field) => field.startsWith(canary) && field !== canary + sealer.keyIds[0])
    .map((field) => field.slice(canary.length))
  if (retired.length > 0) await reach(() => redis.hdel(metaKey, ...retired.map((id) => canary + id)))
  return retired
}

function tryCanary({ sealer, sealed, keyId }: { sealer: Sealer; sealed: string; keyId: string }): void {
  try {
    sealer.open({ sealed, ...canaryPlace })
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause
    const why = sealer.keyIds.includes(keyId) ? 'is not the key of that id given' : 'was not given'
    throw new StartError(`Data in this Redis is sealed with key ${keyId}, which ${why} in TOKENBUS_KEYS.`, {
      cause,
    })
  }
}

/** The id of a configured key whose bytes differ from the one the data is encrypted with. */
export function foreignKey(
  { open, keyIds }: Pick<Sealer, 'open' | 'keyIds'>,
  meta: MetaRecord,
): string | undefined {
  return keyIds.find((id) => {
    const sealed = meta[canary + id]
    return sealed !== undefined && !opens(() => open({ sealed, ...canaryPlace }))
  })
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    return false
  }
}
