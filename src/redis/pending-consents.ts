import { createHash } from 'node:crypto'
import { type RedisClient, reach } from './scripts.ts'

/** Texts kept under a secret name for a while, each to be taken once. Verbs reject with `StorageUnavailable`. */
export interface PendingConsents {
  put(ticket: string, text: string): Promise<void>
  /** Leaves it where it is. */
  look(ticket: string): Promise<string | null>
  /** Whoever takes it first has it; nobody else will. */
  take(ticket: string): Promise<string | null>
}

const seconds = 15 * 60

/** Under a hash of the ticket: who reads Redis cannot finish somebody's consent. */
export function createPendingConsents(redis: RedisClient): PendingConsents {
  const keyOf = (ticket: string) => `tb:consent:${createHash('sha256').update(ticket).digest('base64url')}`
  return {
    async put(ticket, text) {
      await reach(() => redis.set(keyOf(ticket), text, 'EX', seconds))
    },
    look: (ticket) => reach(() => redis.get(keyOf(ticket))),
    take: (ticket) => reach(() => redis.getdel(keyOf(ticket))),
  }
}
