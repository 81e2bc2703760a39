import { randomBytes } from 'node:crypto'
import type { Secret } from '../secret.ts'
import { StartError } from '../start-error.ts'
import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'

const schema = '1'
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
  const first: Record<string, string> = {
    schema,
    partitions: String(partitions),
    'fingerprint-key': sealer.seal({ text: randomBytes(32).toString('base64'), ...fingerprintPlace }),
    [`canary:${sealer.keyIds[0]}`]: sealer.seal({ text: 'tokenbus', ...canaryPlace }),
  }
  for (const [field, value] of Object.entries(first)) await reach(() => redis.hsetnx(metaKey, field, value))
  const meta = await reach(() => redis.hgetall(metaKey))

  if (meta.schema !== schema) {
    throw new StartError(
      `This Redis holds data of schema ${meta.schema}; this version works on schema ${schema}.`,
    )
  }
  if (meta.partitions !== String(partitions)) {
    throw new StartError(
      `This Redis was set up with ${meta.partitions} partitions; set TOKENBUS_PARTITIONS to that, not ${partitions}.`,
    )
  }
  for (const [field, sealed] of Object.entries(meta)) {
    if (field.startsWith('canary:')) tryCanary({ sealer, sealed, keyId: field.slice('canary:'.length) })
  }
  return { fingerprintKey: sealer.open({ sealed: meta['fingerprint-key'] as string, ...fingerprintPlace }) }
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
