import type { EventType } from '../bus/events.ts'
import type { Ref } from './keys.ts'

/** What is kept beside a snapshot: sealed tokens (current, previous, sibling), fingerprints, and plain facts. */
export type FieldName = 'c' | 'c-' | 'c~' | 'f' | 'user' | 'metadata' | 'config'

/**
 * What a record was at one save. The save id is compared beside the version: after a failover that forgot a save, two
 * histories reach the same version.
 */
export type Revision = Pick<StoredRecord, 'version' | 'saveId'>

/** An account or app as stored, with the Redis time (ms) at which it was so. `version` 0: there is none. */
export interface StoredRecord {
  readonly at: number
  readonly version: number
  readonly saveId: string | null
  readonly snapshot: string | null
  readonly generation: number
  /** The generation that was last asked for. */
  readonly usedGeneration: number
  readonly app: string | null
  readonly state: string | null
  readonly wakeAt: number | null
  /** Marks by which others may name it. */
  readonly names: readonly string[]
  readonly fields: { readonly [name in FieldName]?: string }
}

/** An event saved with its transition and not yet acknowledged. `body` is JSON text. */
export interface OutboxEntry {
  readonly id: string
  readonly type: EventType
  /** ISO 8601, the same as in the body. */
  readonly time: string
  readonly ref: Ref
  readonly body: string
}

export interface Change {
  readonly ref: Ref
  /** Random per save: by it a save whose reply was lost knows itself again. */
  readonly saveId: string
  readonly snapshot: string
  readonly generation: number
  readonly state: string | null
  readonly wakeAt: number | null
  readonly app: string | null
  /** None by default. */
  readonly names?: readonly string[]
  /** The record this change was made on, as loaded: it must still be there, by version and save id. */
  readonly previous: Pick<StoredRecord, 'version' | 'saveId' | 'state' | 'app' | 'names'>
  /** Null deletes. */
  readonly fields?: { readonly [name in FieldName]?: string | null }
  readonly outbox: readonly OutboxEntry[]
  /** Keep only version, generation and snapshot, for 7 days; a later save revives the record. */
  readonly tombstone?: boolean
}

export interface Saved {
  readonly saved: boolean
  readonly at: number
  readonly version: number
}

const facts = new Set(['v', 'w', 's', 'g', 'used', 'state', 'app', 'wake', 'n'])

export function toStoredRecord([at, flat]: [number, string[]]): StoredRecord {
  const hash: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) hash[flat[i] as string] = flat[i + 1] as string
  const orNull = (text: string | undefined) => (text === undefined || text === '' ? null : text)
  return {
    at,
    version: Number(hash.v ?? 0),
    saveId: hash.w ?? null,
    snapshot: hash.s ?? null,
    generation: Number(hash.g ?? 0),
    usedGeneration: Number(hash.used ?? 0),
    app: orNull(hash.app),
    state: orNull(hash.state),
    wakeAt: orNull(hash.wake) === null ? null : Number(hash.wake),
    names: hash.n ? hash.n.split(',') : [],
    fields: Object.fromEntries(Object.entries(hash).filter(([name]) => !facts.has(name))),
  }
}
