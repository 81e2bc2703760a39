import { dueMember, keysOf, nameMember } from './keys.ts'
import type { Change, OutboxEntry } from './record.ts'

/** The first argument of `save.lua`, as JSON. Longer texts follow as separate arguments, because quoting them would cost more. */
export interface PackedSave {
  readonly expected: { readonly version: number; readonly save: string }
  readonly save: string
  readonly id: string
  /** The score in `due`. */
  readonly member: string
  readonly tombstone: boolean
  /** Fields of the record's hash besides version and save id. */
  readonly set: readonly string[]
  readonly delete: readonly string[]
  readonly wake: string
  readonly names: { readonly lost: readonly string[]; readonly gained: readonly string[] }
  readonly outbox: readonly Pick<OutboxEntry, 'id' | 'type' | 'time'>[]
  readonly outboxCap: number
}

interface SaveContext {
  readonly partition: number
  readonly outboxCap: number
  readonly mac?: string | undefined
}

/** The keys and arguments of `save.lua`, as in its header. */
export function saveArguments(change: Change, { partition, outboxCap, mac }: SaveContext) {
  const { ref, previous, state, app, names = [] } = change
  const keys = keysOf(partition)
  const record = keys.record(ref)
  const byApp = (name: string | null) => (name === null ? record : keys.byApp(name))
  // Only accounts are indexed by state.
  const byState = (name: string | null) => (name === null || ref.kind === 'app' ? record : keys.byState(name))
  const without = (some: readonly string[], others: readonly string[]) =>
    some.filter((name) => !others.includes(name)).map((name) => nameMember(name, ref.id))
  const fields = fieldsOf(change, mac)
  const packed: PackedSave = {
    expected: { version: previous.version, save: previous.saveId ?? '' },
    save: change.saveId,
    id: ref.id,
    member: dueMember(ref),
    tombstone: change.tombstone ?? false,
    set: Object.keys(fields.set),
    delete: fields.delete,
    wake: String(change.wakeAt ?? ''),
    names: { lost: without(previous.names, names), gained: without(names, previous.names) },
    outbox: change.outbox.map(({ id, type, time }) => ({ id, type, time })),
    outboxCap,
  }
  const bodies = change.outbox.map(({ body }) => body)
  return {
    keys: [
      record,
      keys.due,
      keys.outbox,
      keys.listing(ref.kind),
      byApp(previous.app),
      byApp(app),
      byState(previous.state),
      byState(state),
      keys.byName,
      keys.outboxTrimmed,
    ],
    args: [JSON.stringify(packed), ...Object.values(fields.set), ...bodies],
  }
}

/** A tombstone keeps only version and generation. */
function fieldsOf(
  change: Change,
  mac: string | undefined,
): { set: Readonly<Record<string, string>>; delete: readonly string[] } {
  const { snapshot, state, app, wakeAt, names = [] } = change
  const own = { s: snapshot, g: String(change.generation), ...(mac !== undefined && { m: mac }) }
  if (change.tombstone) return { set: own, delete: [] }
  const given = Object.entries(change.fields ?? {})
  const set = Object.fromEntries(given.filter((field): field is [string, string] => Boolean(field[1])))
  const standing = { state: state ?? '', app: app ?? '', wake: String(wakeAt ?? ''), n: names.join() }
  return {
    set: { ...own, ...standing, ...set },
    delete: given.filter(([, value]) => !value).map(([name]) => name),
  }
}
