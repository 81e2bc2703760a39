import { createHash } from 'node:crypto'
import { keysOf, partitionOf } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

/** Identifies a security event token. */
export interface EventId {
  readonly app: string
  readonly issuer: string
  readonly jti: string
}

/** The security events already applied, so that none is applied twice. Every method rejects with `StorageUnavailable`. */
export interface SeenEvents {
  has(id: EventId): Promise<boolean>
  add(id: EventId, milliseconds: number): Promise<void>
}

export function createSeenEvents(redis: RedisClient, { partitions }: { partitions: number }): SeenEvents {
  function keyOf({ app, issuer, jti }: EventId): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([app, issuer, jti]))
      .digest('base64url')
    return keysOf(partitionOf(app, partitions)).seenEvent(digest)
  }
  return {
    has: async (id) => (await reach(() => redis.exists(keyOf(id)))) === 1,
    async add(id, milliseconds) {
      await reach(() => redis.set(keyOf(id), '', 'PX', milliseconds))
    },
  }
}
