import { keysOf } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

/** Each method rejects with `StorageUnavailable`. */
export interface IdentityMarks {
  /** The identity found in any partition. */
  any(): Promise<string | undefined>
  /** The partitions, by default of all, with a different mark. */
  lacking(identity: string, of?: readonly number[]): Promise<number[]>
  write(identity: string): Promise<void>
}

/**
 * Each partition stores the identity of the data, in addition to the meta record, because in a Redis Cluster a single master
 * may come back empty.
 */
export function createIdentityMarks({
  redis,
  partitions,
}: {
  redis: RedisClient
  partitions: number
}): IdentityMarks {
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const read = (partition: number) => reach(() => redis.get(keysOf(partition).identity))

  return {
    async any() {
      const found = await Promise.all(all.map(read))
      return found.find((mark) => mark !== null) ?? undefined
    },
    async lacking(identity, of = all) {
      const found = await Promise.all(of.map(read))
      return of.filter((_, index) => found[index] !== identity)
    },
    async write(identity) {
      await Promise.all(
        all.map((partition) => reach(() => redis.set(keysOf(partition).identity, identity, 'NX'))),
      )
    },
  }
}

export const isMark = (key: unknown) => /^tb:\{\d+\}:identity$/.test(String(key))
