import { encodeId } from './encode-id.ts'

/** Where a change stands in its account's or app's life. Versions go back when an older copy of the storage is restored. */
export interface Moment {
  readonly version: number
  /** Milliseconds of cluster time. */
  readonly time: number
}

const longestId = 256

export const isNewer = (one: Moment, other: Moment): boolean =>
  one.version > other.version || one.time > other.time

/** What every event says. */
export interface Announced extends Moment {
  readonly type: string
  readonly id: string
  /** The account or app it is about. */
  readonly of: string
}

/**
 * What an event says, if its subject is the one it would be published on: whoever may publish one subject must not speak
 * for another. Depends on nothing, for clients.
 */
export function announcedOn(subject: string, body: unknown): Announced | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { type, id, account, app, version, time } = body as Record<string, unknown>
  if (typeof type !== 'string' || typeof id !== 'string' || typeof time !== 'string') return undefined
  if (id.length > longestId) return undefined
  const of = type.startsWith('app.') ? app : account
  if (typeof of !== 'string' || typeof version !== 'number') return undefined
  const at = Date.parse(time)
  if (!Number.isSafeInteger(version) || Number.isNaN(at)) return undefined
  return subject === subjectOf(type, of) ? { type, id, of, version, time: at } : undefined
}

function subjectOf(type: string, of: string): string | undefined {
  try {
    return `${type}.${encodeId(of)}`
  } catch {
    return undefined
  }
}
