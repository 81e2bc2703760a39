import { type AnyStateMachine, type SnapshotFrom, transition } from 'xstate'

/** The schema of stored snapshots. A change of shape raises it and adds its step to `migrate`. */
export const snapshotSchema = 1

/** A snapshot as it is stored and recorded: plain JSON. */
export interface StoredSnapshot {
  readonly schema: number
  readonly value: string
  readonly context: object
}

/** Thrown for a snapshot written by a newer version, or by none. */
export class SnapshotError extends Error {}

export function toStored(snapshot: { value: unknown; context: object }): StoredSnapshot {
  return { schema: snapshotSchema, value: snapshot.value as string, context: snapshot.context }
}

function migrate(stored: StoredSnapshot): StoredSnapshot {
  if (stored.schema === snapshotSchema) return stored
  throw new SnapshotError(
    `snapshot schema ${stored.schema} is not known here (newest known: ${snapshotSchema})`,
  )
}

/** Throws `SnapshotError` for an unknown schema, and XState's own error for an unknown state. */
export function fromStored<M extends AnyStateMachine>(machine: M, stored: StoredSnapshot): SnapshotFrom<M> {
  const { value, context } = migrate(stored)
  return machine.resolveState({ value, context }) as SnapshotFrom<M>
}

/** One step of a machine: where it leads, and what its host has to do then. Null for an event it does not take. */
export function step<M extends AnyStateMachine, Effect>(
  machine: M,
  snapshot: SnapshotFrom<M>,
  event: Parameters<typeof transition<M>>[2],
): { next: SnapshotFrom<M>; effects: Effect[] } | null {
  if (!(snapshot as { can(event: unknown): boolean }).can(event)) return null
  const [next, actions] = transition(machine, snapshot, event)
  // XState's type lists only the actions it runs itself; an emitted event arrives as `{ type: 'xstate.emit', params }`.
  const emitted = actions as unknown as readonly { type: string; params: { event: Effect } }[]
  const effects = emitted.filter(({ type }) => type === 'xstate.emit').map(({ params }) => params.event)
  return { next, effects }
}
