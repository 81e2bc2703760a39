import { encodeId } from '../contract/encode-id.ts'
import type { EventType } from '../contract/events.ts'

/** Which stream holds which events. Never `token.>`: JetStream would answer `token.get` before we do. */
export const streams = {
  TOKENBUS_EVENTS: [
    'token.refreshed',
    'token.invalid',
    'account.grant-expiring',
    'account.removed',
    'app.secret-expiring',
    'app.secret-expired',
    'app.secret-restored',
    'app.refused',
  ],
  TOKENBUS_HISTORY: ['account.transition'],
} as const satisfies Record<string, readonly EventType[]>

export type StreamName = keyof typeof streams

export const eventTypes: readonly EventType[] = Object.values(streams).flat()

/** Under this name `$SRV.INFO` tells the id of the key a node seals with. */
export const sealingKey = 'sealing-key'

/** Under these names `$SRV.INFO` tells the newest level a node can write, and the one it writes. */
export const newestLevelName = 'newest-level'
export const writeLevelName = 'write-level'

/** Told by the node that revoked an API token, so that no other one goes on accepting it. */
export const apiTokenRevoked = 'api-token.revoked'

/** Every save, for the nodes alone: what they remember of the record is old. */
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
