import { dueMember, keysOf, nameMember } from './keys.ts'
import type { Change } from './record.ts'

/** The keys and arguments of `save.lua`, in the order its header gives. */
export function saveArguments(
  change: Change,
  { partition, outboxCap, mac }: { partition: number; outboxCap: number; mac?: string | undefined },
) {
  const { ref, previous, state, app, wakeAt, names = [] } = change
  const keys = keysOf(partition)
  const record = keys.record(ref)
  const byApp = (name: string | null) => (name === null ? record : keys.byApp(name))
  // Apps have states of their own; only accounts are listed by state.
  const byState = (name: string | null) => (name === null || ref.kind === 'app' ? record : keys.byState(name))
  const without = (some: readonly string[], others: readonly string[]) =>
    some.filter((name) => !others.includes(name)).map((name) => nameMember(name, ref.id))
  const lost = without(previous.names, names)
  const gained = without(names, previous.names)
  const kept = change.tombstone ? {} : change.fields
  const fields = Object.entries({ ...kept, ...(mac !== undefined && { m: mac }) })
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
    args: [
      previous.version,
      previous.saveId ?? '',
      change.saveId,
      change.snapshot,
      change.generation,
      state ?? '',
      wakeAt ?? '',
      app ?? '',
      dueMember(ref),
      ref.id,
      change.tombstone ? '1' : '0',
      outboxCap,
      names.join(),
      lost.length,
      gained.length,
      fields.length,
      ...lost,
      ...gained,
      ...fields.flatMap(([name, value]) => [name, value ?? '']),
      ...change.outbox.flatMap(({ id, type, time, body }) => [id, type, time, body]),
    ],
  }
}
