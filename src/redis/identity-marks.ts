import { keysOf } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

export type IdentityMarks = ReturnType<typeof createIdentityMarks>

/**
 * Beside the meta record each partition holds the identity of the data it belongs to: of a Redis Cluster one master alone may
 * come back empty. Each verb rejects with `StorageUnavailable`.
 */
export function createIdentityMarks({ redis, partitions }: { redis: RedisClient; partitions: number }) {
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const read = (partition: number) => reach(() => redis.get(keysOf(partition).identity))

  return {
    /** The identity that some partition has. */
    async any(): Promise<string | undefined> {
      const found = await Promise.all(all.map(read))
      return found.find((mark) => mark !== null) ?? undefined
    },
    /** Those of these partitions whose mark is not this one. */
    async lacking(identity: string, of: readonly number[] = all): Promise<number[]> {
      const found = await Promise.all(of.map(read))
      return of.filter((_, index) => found[index] !== identity)
    },
    async write(identity: string): Promise<void> {
      await Promise.all(
        all.map((partition) => reach(() => redis.set(keysOf(partition).identity, identity, 'NX'))),
      )
    },
  }
}

export const isMark = (key: unknown) => /^tb:\{\d+\}:identity$/.test(String(key))
