import { randomBytes } from 'node:crypto'
import type { Secret } from '../secret.ts'
import { StartError } from '../start-error.ts'
import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'

const schema = '1'
const canary = 'canary:'
const canaryPlace = { account: metaKey, generation: 0, slot: 'canary' }
const fingerprintPlace = { account: metaKey, generation: 0, slot: 'fingerprint-key' }

export interface MetaOptions {
  readonly redis: RedisClient
  readonly sealer: Sealer
  readonly partitions: number
}

/**
 * What this Redis was set up with: schema, number of partitions, a canary per key id in use, and the key of the
 * fingerprints. The first node writes it, field by field and only where absent; every node then holds itself to it.
 * Throws `StartError` when the database is not one this node can work on.
 */
export async function openMeta({
  redis,
  sealer,
  partitions,
}: MetaOptions): Promise<{ fingerprintKey: Secret }> {
  await setWhereAbsent({ schema, partitions: String(partitions) })
  const found = await reach(() => redis.hgetall(metaKey))
  if (found.schema !== schema) {
    throw new StartError(
      `This Redis holds data of schema ${found.schema}; this version works on schema ${schema}.`,
    )
  }
  if (found.partitions !== String(partitions)) {
    throw new StartError(
      `This Redis was set up with ${found.partitions} partitions; set TOKENBUS_PARTITIONS to that, not ${partitions}.`,
    )
  }
  tryCanaries(sealer, found)
  // Only now: a node with a wrong key must leave nothing behind that would keep the others from starting.
  await setWhereAbsent({
    'fingerprint-key': sealer.seal({ text: randomBytes(32).toString('base64'), ...fingerprintPlace }),
    [canary + sealer.keyIds[0]]: sealer.seal({ text: 'tokenbus', ...canaryPlace }),
  })
  const meta = await reach(() => redis.hgetall(metaKey))
  tryCanaries(sealer, meta)
  return { fingerprintKey: sealer.open({ sealed: meta['fingerprint-key'] as string, ...fingerprintPlace }) }

  async function setWhereAbsent(fields: Record<string, string>): Promise<void> {
    for (const [field, value] of Object.entries(fields))
      await reach(() => redis.hsetnx(metaKey, field, value))
  }
}

function tryCanaries(sealer: Sealer, meta: Readonly<Record<string, string>>): void {
  for (const [field, sealed] of Object.entries(meta)) {
    if (field.startsWith(canary)) tryCanary({ sealer, sealed, keyId: field.slice(canary.length) })
  }
}

/**
 * Once nothing else is sealed with another key than the one that seals: neither is the key of the fingerprints, and a
 * node may start without the others. Answers their ids.
 */
export async function retireKeys({ redis, sealer }: Omit<MetaOptions, 'partitions'>): Promise<string[]> {
  const meta = await reach(() => redis.hgetall(metaKey))
  const sealed = meta['fingerprint-key'] as string
  if (sealer.isStale(sealed)) {
    const text = sealer.open({ sealed, ...fingerprintPlace }).reveal()
    await reach(() => redis.hset(metaKey, 'fingerprint-key', sealer.seal({ text, ...fingerprintPlace })))
  }
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
