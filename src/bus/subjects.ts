import { encodeId } from '../contract/encode-id.ts'
import type { EventType } from '../contract/events.ts'

/** The event types of each stream. Never `token.>`: JetStream would acknowledge `token.get` before the service answers. */
export const streams = {
  TOKENBUS_EVENTS: [
    'token.refreshed',
    'token.invalid',
    'account.grant-expiring',
    'account.removed',
    'account.user-changed',
    'app.secret-expiring',
    'app.secret-expired',
    'app.secret-restored',
    'app.refused',
  ],
  TOKENBUS_HISTORY: ['account.transition'],
} as const satisfies Record<string, readonly EventType[]>

export type StreamName = keyof typeof streams

export const eventTypes: readonly EventType[] = Object.values(streams).flat()

/** The `$SRV.INFO` metadata with the id of the key that a node seals with. */
export const sealingKey = 'sealing-key'

/** The `$SRV.INFO` metadata with the highest write level a node supports, and the level it writes. */
export const newestLevelName = 'newest-level'
export const writeLevelName = 'write-level'

/** Published by the node that revoked an API token, so that all others stop accepting it. */
export const apiTokenRevoked = 'api-token.revoked'

/** Published for every save, for nodes only: invalidates what they cached of the record. */
export const changedSubject = 'tokenbus.changed'

export function streamOf(type: EventType): StreamName {
  return type === 'account.transition' ? 'TOKENBUS_HISTORY' : 'TOKENBUS_EVENTS'
}

export function streamSubjects(name: StreamName): string[] {
  return streams[name].map((type) => `${type}.*`)
}

export function eventSubject(type: EventType, id: string): string {
  return `${type}.${encodeId(id)}`
}
