import { createHash } from 'node:crypto'
import { keysOf, partitionOf } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

/** A security event token, by what its issuer calls it. */
export interface EventId {
  readonly app: string
  readonly issuer: string
  readonly jti: string
}

export type SeenEvents = ReturnType<typeof createSeenEvents>

/** Which security events were acted upon: none is twice. Every verb rejects with `StorageUnavailable`. */
export function createSeenEvents(redis: RedisClient, { partitions }: { partitions: number }) {
  function keyOf({ app, issuer, jti }: EventId): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([app, issuer, jti]))
      .digest('base64url')
    return keysOf(partitionOf(app, partitions)).seenEvent(digest)
  }
  return {
    has: async (id: EventId): Promise<boolean> => (await reach(() => redis.exists(keyOf(id)))) === 1,
    async add(id: EventId, milliseconds: number): Promise<void> {
      await reach(() => redis.set(keyOf(id), '', 'PX', milliseconds))
    },
  }
}
