import { encodeId } from './encode-id.ts'

/** Orders the changes of one account or app. Both are needed: versions go back when an older copy of Redis is restored. */
export interface Moment {
  readonly version: number
  /** Milliseconds of cluster time. */
  readonly time: number
}

const longestId = 256

export const isNewer = (one: Moment, other: Moment): boolean =>
  one.version > other.version || one.time > other.time

/** The fields common to all events. */
export interface Announced extends Moment {
  readonly type: string
  readonly id: string
  /** The account or app it is about. */
  readonly of: string
}

/**
 * The common fields of an event, if its subject matches its body: a permission to publish on one subject must not allow
 * forging events of another account. Has no dependencies, because clients use it too.
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
