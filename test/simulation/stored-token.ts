import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { Grant } from './grants.ts'
import { partitions } from './partitions.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import type { SimulatedRedis } from './simulated-redis.ts'

/** The refresh token of a record, as the simulation's sealer keeps it. */
export function storedTokenOf(fields: ReadonlyMap<string, string> | undefined): string | null {
  const sealed = fields?.get('c')
  if (sealed === undefined) return null
  const [, , , text] = JSON.parse(sealed)
  return JSON.parse(text).r ?? null
}

/** The grant that Redis holds for an account. */
export function storedGrantOf(
  { redis, provider }: { redis: SimulatedRedis; provider: SimulatedProvider },
  account: string,
): Grant | undefined {
  const key = keysOf(partitionOf(account, partitions)).record({ kind: 'account', id: account })
  const token = storedTokenOf(redis.space().hashes.get(key)?.fields)
  return token === null ? undefined : provider.grants.find(token).grant
}
