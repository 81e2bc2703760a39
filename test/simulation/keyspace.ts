import { createHash } from 'node:crypto'
import type { PackedSave } from '../../src/redis/save-arguments.ts'
import type { Script as AnyScript } from '../../src/redis/scripts.ts'

/** Those of records. */
type Script = Exclude<AnyScript, 'replace-field' | 'replace-text'>

interface Hash {
  readonly fields: Map<string, string>
  expiresAt: number | null
}

type Entry = [id: string, fields: string[]]

export interface Keyspace {
  readonly hashes: Map<string, Hash>
  readonly sets: Map<string, Map<string, number>>
  readonly streams: Map<string, Entry[]>
  /** Streams number their entries even when they are empty again. */
  readonly lastIds: Map<string, [at: number, sequence: number]>
}

export interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number | Buffer)[]
}

export function createKeyspace(): Keyspace {
  return { hashes: new Map(), sets: new Map(), streams: new Map(), lastIds: new Map() }
}

export const tombstoneLife = 604_800_000

/** The scripts of src/redis/scripts implemented over maps; `records-contract` checks both. */
export function runScript(space: Keyspace, { script, keys, args }: Call, now: number): unknown {
  if (script === 'save') return save(space, keys as string[], args as string[], now)
  return verbs[script](space, keys as string[], args.map(String), now)
}

type Verb = (space: Keyspace, keys: string[], args: string[], now: number) => unknown

export function hashAt({ hashes }: Keyspace, key: string, now: number): Map<string, string> | undefined {
  const hash = hashes.get(key)
  if (hash?.expiresAt != null && hash.expiresAt <= now) hashes.delete(key)
  return hashes.get(key)?.fields
}

export function setAt({ sets }: Keyspace, key: string): Map<string, number> {
  const set = sets.get(key) ?? new Map<string, number>()
  sets.set(key, set)
  return set
}

export function streamAt({ streams }: Keyspace, key: string): Entry[] {
  const stream = streams.get(key) ?? []
  streams.set(key, stream)
  return stream
}

const load: Verb = (space, [key = ''], [mark], now) => {
  const hash = hashAt(space, key, now)
  const flat = [...(hash ?? [])].flat()
  const generation = hash?.get('g')
  if (mark === '1' && generation !== undefined && generation !== hash?.get('used')) {
    hash?.set('used', generation)
  }
  return [now, flat]
}

function save(space: Keyspace, keys: string[], [packed = '', ...texts]: string[], now: number): unknown {
  const change = JSON.parse(packed) as PackedSave
  const [
    record = '',
    due = '',
    outbox = '',
    listing = '',
    appWas = '',
    app = '',
    stateWas = '',
    state = '',
    byName = '',
    trimmed = '',
  ] = keys
  const { expected, save: saveId, id, member, tombstone, wake, names } = change
  const known = hashAt(space, record, now)
  const version = Number(known?.get('v') ?? 0)
  if (version > 0 && known?.get('w') === saveId) return [1, now, version]
  const isLoaded = version === expected.version && (known?.get('w') ?? '') === expected.save
  if (!isLoaded) return [0, now, version]
  const fields = tombstone || known === undefined ? new Map<string, string>() : known
  space.hashes.set(record, { fields, expiresAt: tombstone ? now + tombstoneLife : null })
  fields.set('v', String(version + 1)).set('w', saveId)
  for (const name of change.set) fields.set(name, texts.shift() as string)
  for (const name of change.delete) fields.delete(name)
  if (appWas !== record && appWas !== app) setAt(space, appWas).delete(id)
  if (stateWas !== record && stateWas !== state) setAt(space, stateWas).delete(id)
  if (app !== record) setAt(space, app).set(id, 0)
  if (state !== record) setAt(space, state).set(id, 0)
  for (const name of names.lost) setAt(space, byName).delete(name)
  for (const name of names.gained) setAt(space, byName).set(name, 0)
  if (tombstone) setAt(space, listing).delete(id)
  else setAt(space, listing).set(id, 0)
  if (wake === '') setAt(space, due).delete(member)
  else setAt(space, due).set(member, Number(wake))
  const waiting = streamAt(space, outbox)
  const older = waiting.filter(([, entry]) => entry[7] === member).map(([entryId]) => entryId)
  const isTold = waiting.length <= 32
  const left: string[] = []
  for (const { id: eventId, type, time } of change.outbox) {
    const entry = ['id', eventId, 'type', type, 'time', time, 'of', member, 'body', texts.shift() as string]
    entry.push('version', String(version + 1), 'save', saveId)
    left.push(nextId(space, outbox, now))
    waiting.push([left.at(-1) as string, entry])
  }
  shorten(space, outbox, { trimmed, most: change.outboxCap })
  return [1, now, version + 1, left, isTold ? older : null]
}

function nextId({ lastIds }: Keyspace, key: string, now: number): string {
  const [at, sequence] = lastIds.get(key) ?? [0, 0]
  const next: [number, number] = now > at ? [now, 0] : [at, sequence + 1]
  lastIds.set(key, next)
  return next.join('-')
}

/** The oldest entries that one save inspects, from where the last one stopped. */
function shorten(
  space: Keyspace,
  outbox: string,
  { trimmed, most }: { trimmed: string; most: number },
): void {
  const stream = streamAt(space, outbox)
  if (stream.length <= most) return
  const cursor = setAt(space, trimmed)
  const [stopped] = cursor.keys()
  const isPassed = ([id]: Entry) => stopped !== undefined && !isAfter(id, stopped)
  const looked = stream.filter((entry) => !isPassed(entry)).slice(0, 16)
  cursor.clear()
  for (const entry of looked) {
    if (stream.length <= most) break
    if (entry[1][3] === 'account.transition') stream.splice(stream.indexOf(entry), 1)
    cursor.clear()
    cursor.set(entry[0], 0)
  }
}

/** Is this id of a stream behind the other? */
export function isAfter(id: string, from: string): boolean {
  const [at = 0, sequence = 0] = id.split('-').map(Number)
  const [fromAt = 0, fromSequence = 0] = from.split('-').map(Number)
  return at > fromAt || (at === fromAt && sequence > fromSequence)
}

const claimDue: Verb = (space, [due = ''], [most, push, callers], redisNow) => {
  const now = Math.max(redisNow, Number(callers ?? 0))
  const set = setAt(space, due)
  const members = [...set]
    .filter(([, score]) => score <= now)
    .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
    .slice(0, Number(most))
    .map(([member]) => member)
  for (const member of members) set.set(member, now + Number(push))
  return [now, members]
}

const reindex: Verb = (space, [record = '', due = ''], [version, saveId, wake = '', member = ''], now) => {
  const known = hashAt(space, record, now)
  if (known?.get('v') !== version || known?.get('w') !== saveId) return 0
  if (wake === '') setAt(space, due).delete(member)
  else setAt(space, due).set(member, Number(wake))
  return 1
}

const wakeAccounts: Verb = (space, [due = '', byApp = '', ...states], [spread, callers], redisNow) => {
  const now = Math.max(redisNow, Number(callers ?? 0))
  const all = states.flatMap((state) => [...setAt(space, state).keys()])
  const waiting = all.filter((id) => setAt(space, byApp).has(id))
  for (const id of waiting) {
    const hash = Number.parseInt(createHash('sha1').update(id).digest('hex').slice(0, 8), 16) / 4294967296
    const score = now + Math.floor(hash * Number(spread))
    const set = setAt(space, due)
    set.set(`account:${id}`, Math.min(score, set.get(`account:${id}`) ?? score))
  }
  return waiting.length
}

const moveEvent: Verb = (space, [from = '', to = ''], [entryId, reason = '', most], now) => {
  const found = streamAt(space, from).find(([id]) => id === entryId)
  if (found === undefined) return 0
  const [, fields] = found
  const kept = fields.filter((_, i) => fields[i - (i % 2)] !== 'reason')
  const target = streamAt(space, to)
  target.push([nextId(space, to, now), reason === '' ? kept : [...kept, 'reason', reason]])
  if (Number(most) > 0) target.splice(0, Math.max(0, target.length - Number(most)))
  const left = streamAt(space, from).filter(([id]) => id !== entryId)
  space.streams.set(from, left)
  return 1
}

const keepAnswer: Verb = (
  space,
  [arrived = '', due = ''],
  [attempt = '', sealed = '', member = '', dueIn],
  now,
) => {
  const fields = hashAt(space, arrived, now) ?? new Map<string, string>()
  space.hashes.set(arrived, { fields: fields.set(attempt, sealed), expiresAt: null })
  setAt(space, due).set(member, now + Number(dueIn))
  return 1
}

const verbs: Record<Exclude<Script, 'save'>, Verb> = {
  load,
  'claim-due': claimDue,
  reindex,
  'wake-accounts': wakeAccounts,
  'move-event': moveEvent,
  'keep-answer': keepAnswer,
}
