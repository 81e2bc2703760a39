import { keysOf } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

/** Each verb rejects with `StorageUnavailable`. */
export interface IdentityMarks {
  /** The identity that some partition has. */
  any(): Promise<string | undefined>
  /** The partitions (by default of all) whose mark differs. */
  lacking(identity: string, of?: readonly number[]): Promise<number[]>
  write(identity: string): Promise<void>
}

/**
 * Beside the meta record each partition holds the identity of the data it belongs to: of a Redis Cluster one master alone may
 * come back empty.
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
