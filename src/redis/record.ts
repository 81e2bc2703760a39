import type { EventType } from '../contract/events.ts'
import type { Ref } from './keys.ts'

/** What is kept beside a snapshot: sealed tokens (current, previous, sibling), fingerprints, and plain facts. */
export type FieldName = 'c' | 'c-' | 'c~' | 'f' | 'user' | 'metadata' | 'extra' | 'config' | 'closing'

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
  /** Stored in an older form than is written now, or signed with an older key. */
  readonly stale: boolean
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

/** An entry and the save that left it. Nodes of an older version say nothing of the save. */
export interface WaitingEntry {
  readonly entryId: string
  readonly entry: OutboxEntry
  readonly version: number
  readonly save: string | null
}

/** What one save left in the outbox. */
export interface LeftEntries {
  readonly entries: readonly WaitingEntry[]
  /** The ids of what waited of the same record before; null where too many wait to tell. */
  readonly older: readonly string[] | null
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
  readonly previous: Pick<StoredRecord, 'version' | 'saveId' | 'state' | 'app' | 'names' | 'fields'>
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
  /** Undefined where that is not known, the reply to the save having been lost. */
  readonly left?: LeftEntries
}

/** A record as Redis holds it. */
export type Hash = Readonly<Record<string, string>>

/** What is set beside the saves. */
const unsigned = new Set(['used', 'm'])
const facts = new Set(['v', 'w', 's', 'g', 'used', 'state', 'app', 'wake', 'n', 'm'])

export function toHash(flat: readonly string[]): Hash {
  const hash: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) hash[flat[i] as string] = flat[i + 1] as string
  return hash
}

/** What the MAC of a record covers: all that a save leaves there. */
export function signedContent(hash: Hash): string {
  const covered = Object.entries(hash).filter(([name]) => !unsigned.has(name))
  return JSON.stringify(covered.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** What `save.lua` is about to leave there. */
export function hashAfter({ previous, fields = {}, names = [], tombstone, ...change }: Change): Hash {
  const { saveId, snapshot, generation, state, app, wakeAt } = change
  const always = { v: String(previous.version + 1), w: saveId, s: snapshot, g: String(generation) }
  if (tombstone) return always
  const facts = { state: state ?? '', app: app ?? '', wake: String(wakeAt ?? ''), n: names.join() }
  const kept = Object.entries({ ...previous.fields, ...fields }).filter(([, value]) => value)
  return { ...Object.fromEntries(kept), ...facts, ...always } as Hash
}

export function toStoredRecord(at: number, hash: Hash, stale: boolean): StoredRecord {
  const orNull = (text: string | undefined) => (text === undefined || text === '' ? null : text)
  return {
    at,
    stale,
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
