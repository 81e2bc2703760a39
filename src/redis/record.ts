import type { EventType } from '../contract/events.ts'
import type { Ref } from './keys.ts'

/** The fields beside a snapshot: encrypted tokens (current, previous, sibling), fingerprints, and plain data. */
export type FieldName = 'c' | 'c-' | 'c~' | 'f' | 'user' | 'metadata' | 'extra' | 'config' | 'closing'

/**
 * Identifies one save of a record. The save id is compared as well as the version, because after a failover that lost a save
 * two histories can reach the same version.
 */
export type Revision = Pick<StoredRecord, 'version' | 'saveId'>

/** An account or app as stored, with the Redis time (ms) of the read. `version` 0: it does not exist. */
export interface StoredRecord {
  readonly at: number
  readonly version: number
  readonly saveId: string | null
  readonly snapshot: string | null
  readonly generation: number
  /** The generation that was last requested. */
  readonly usedGeneration: number
  readonly app: string | null
  readonly state: string | null
  readonly wakeAt: number | null
  /** The marks of its other names. */
  readonly names: readonly string[]
  readonly fields: { readonly [name in FieldName]?: string }
  /** Stored in an older format than is written now, or signed with an older key. */
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

/** An entry and its save. Older nodes do not record the save. */
export interface WaitingEntry {
  readonly entryId: string
  readonly entry: OutboxEntry
  readonly version: number
  readonly save: string | null
}

/** The outbox entries of one save. */
export interface LeftEntries {
  readonly entries: readonly WaitingEntry[]
  /** Ids of earlier entries of the same record; null if there are too many to find out. */
  readonly older: readonly string[] | null
}

export interface Change {
  readonly ref: Ref
  /** Random per save, so that a repeated save after a lost reply recognises itself. */
  readonly saveId: string
  readonly snapshot: string
  readonly generation: number
  readonly state: string | null
  readonly wakeAt: number | null
  readonly app: string | null
  /** None by default. */
  readonly names?: readonly string[]
  /** The loaded record that this change is based on; version and save id must still match. */
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
  /** Undefined if unknown, because the reply to the save was lost. */
  readonly left?: LeftEntries
}

/** A record as stored in Redis. */
export type Hash = Readonly<Record<string, string>>

/** Fields that are set outside saves. */
const unsigned = new Set(['used', 'm'])
const facts = new Set(['v', 'w', 's', 'g', 'used', 'state', 'app', 'wake', 'n', 'm'])

export function toHash(flat: readonly string[]): Hash {
  const hash: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) hash[flat[i] as string] = flat[i + 1] as string
  return hash
}

/** What the MAC of a record covers: everything a save writes. */
export function signedContent(hash: Hash): string {
  const covered = Object.keys(hash).filter((name) => !unsigned.has(name))
  return JSON.stringify(covered.sort().map((name) => [name, hash[name]]))
}

/** The record as `save.lua` will write it. */
export function hashAfter({ previous, fields = {}, names = [], tombstone, ...change }: Change): Hash {
  const { saveId, snapshot, generation, state, app, wakeAt } = change
  const always = { v: String(previous.version + 1), w: saveId, s: snapshot, g: String(generation) }
  if (tombstone) return always
  const facts = { state: state ?? '', app: app ?? '', wake: String(wakeAt ?? ''), n: names.join() }
  return { ...filled({ ...previous.fields, ...fields }), ...facts, ...always }
}

/** Without fields that are null or empty. */
export function filled(fields: NonNullable<Change['fields']>): StoredRecord['fields'] & Hash {
  const kept: Record<string, string> = {}
  for (const name of Object.keys(fields) as FieldName[]) {
    const value = fields[name]
    if (value) kept[name] = value
  }
  return kept
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
