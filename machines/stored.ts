import {
  type AnyActorScope,
  type AnyStateMachine,
  createActor,
  type SnapshotFrom,
  type transition,
} from 'xstate'
import type { AccountContext, Attempt } from './account-context.ts'
import type { AccountEvent } from './account-events.ts'

/** The newest schema of stored snapshots. A change of a context raises it, once per release, and adds to `added`. */
export const snapshotSchema = 3

/**
 * The fields each schema added to a machine's context, with their values for older snapshots. Fields are only added, never
 * changed: during a rolling upgrade, snapshots are stored under the older number with the newer fields included, which older
 * nodes keep unread. Schema 2: for older snapshots no grant expiry is announced until it is reported again.
 */
const added: Readonly<Record<number, Readonly<Record<string, object>>>> = {
  2: { account: { grantEndTold: true } },
  3: {
    account: {
      unknownWords: null,
      rejection: null,
      refreshWith: 'refresh_token',
      params: {},
      identity: null,
    },
    app: {
      question: null,
      clearedAt: 0,
      acceptedAt: 0,
      baseline: null,
      baselineAt: null,
      controlAt: 0,
      denial: null,
      endpoints: [],
      refusedSince: null,
      lastProbed: null,
      consentFault: null,
      newcomer: null,
    },
  },
}

/** A snapshot as stored and recorded: plain JSON. */
export interface StoredSnapshot {
  /** The schema number under which it is stored. */
  readonly schema: number
  /** The state. */
  readonly value: string
  /** Plain JSON without secrets. */
  readonly context: object
}

/** Thrown for a snapshot with an unknown schema number, as one stored by a newer version. */
export class SnapshotError extends Error {}

/**
 * The stored form of a snapshot. `schema`: an older number, while nodes of an older version run.
 *
 * @example
 * ```ts
 * const json = JSON.stringify(toStored(snapshot))
 * ```
 */
export function toStored(
  snapshot: { value: unknown; context: object },
  schema: number = snapshotSchema,
): StoredSnapshot {
  return { schema, value: snapshot.value as string, context: snapshot.context }
}

function addedSince(machine: string, schema: number): object {
  const steps = Object.entries(added).filter(([since]) => Number(since) > schema)
  return Object.assign({}, ...steps.map(([, machines]) => machines[machine]))
}

/** Second tokens were added within schema 1, so its first snapshots lack them. */
function withSecondTokens(context: object): object {
  const { generation, attempt } = context as Partial<AccountContext>
  const known = { tokenGeneration: generation, resources: [], ...context }
  return attempt ? { ...known, attempt: { ...ofNone, ...attempt } } : known
}

const ofNone: Partial<Attempt> = { resource: null, resumeAt: null }

function migrate(machine: string, stored: StoredSnapshot): StoredSnapshot {
  const { schema, value, context } = stored
  if (schema === snapshotSchema) return stored
  if (schema >= 1 && schema < snapshotSchema) {
    const known = schema === 1 && machine === 'account' ? withSecondTokens(context) : context
    return { schema: snapshotSchema, value, context: { ...addedSince(machine, schema), ...known } }
  }
  throw new SnapshotError(`unknown snapshot schema ${schema}; this version supports up to ${snapshotSchema}`)
}

/** A snapshot reduced to the fields of an older schema, for comparison. */
export function asOfSchema(
  machine: string,
  { value, context }: StoredSnapshot,
  schema: number,
): StoredSnapshot {
  const unknown = new Set(Object.keys(addedSince(machine, schema)))
  const known = Object.entries(context).filter(([name]) => !unknown.has(name))
  return { schema, value, context: Object.fromEntries(known) }
}

/** Converts recorded events from before second tokens existed. */
export function fromRecordedEvent(event: AccountEvent): AccountEvent {
  const { type } = event
  const mayBeOfSecond =
    type === 'token.requested' || type === 'token.rejected' || type === 'refresh.succeeded'
  return mayBeOfSecond ? { ...event, resource: event.resource ?? null } : event
}

/**
 * The snapshot of a stored form, migrated from older schemas.
 *
 * @throws SnapshotError for an unknown schema; XState's own error for an unknown state
 * @example
 * ```ts
 * const snapshot = fromStored(accountMachine, JSON.parse(json))
 * ```
 */
export function fromStored<M extends AnyStateMachine>(machine: M, stored: StoredSnapshot): SnapshotFrom<M> {
  const { value, context } = migrate(machine.id, stored)
  return machine.resolveState({ value, context }) as SnapshotFrom<M>
}

/**
 * One step of a machine: the next snapshot and the effects, which are to be performed after the snapshot is saved. Pure. Null
 * if the state does not handle the event.
 *
 * @example
 * ```ts
 * const done = step<typeof accountMachine, AccountEffect>(accountMachine, snapshot, { type: 'timer.due', at: 1_800_000_000_000, id: 'e1', used: true })
 * const sends = done?.effects.filter(({ type }) => type === 'refresh.send')
 * ```
 */
export function step<M extends AnyStateMachine, Effect>(
  machine: M,
  snapshot: SnapshotFrom<M>,
  event: Parameters<typeof transition<M>>[2],
): { next: SnapshotFrom<M>; effects: Effect[] } | null {
  const effects: Effect[] = []
  const scope = inertScope(machine)
  scope.actionExecutor = ({ type, params }) => {
    if (type === 'xstate.emit') effects.push((params as { event: Effect }).event)
  }
  const next = machine.transition(snapshot, event, scope) as SnapshotFrom<M>
  return next === snapshot && effects.length === 0 ? null : { next, effects }
}

const scopes = new WeakMap<AnyStateMachine, AnyActorScope>()

/** XState's own pure `transition` makes an actor for each step. It is only passed on to what has no use for it. */
function inertScope(machine: AnyStateMachine): AnyActorScope {
  const known = scopes.get(machine)
  if (known !== undefined) return known
  const self = createActor(machine)
  const ignore = () => {}
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: ignore,
    defer: ignore,
    emit: ignore,
    stopChild: ignore,
    actionExecutor: ignore,
  }
  scopes.set(machine, scope)
  return scope
}
