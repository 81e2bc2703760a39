import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import {
  type AnyEventObject,
  type AnyStateMachine,
  createActor,
  type EventFrom,
  type SnapshotFrom,
} from 'xstate'
import { fromStored, type StoredSnapshot, step, toStored } from '../../machines/index.ts'
import { fillIn } from './left-out.ts'
import { whyNotTaken, whyTaken } from './not-taken.ts'

/** What `then` compares; what is not named does not matter. */
export interface Expected {
  /** The state after all events. */
  readonly state?: string
  /** Exactly these effects in this order; each may be partial. */
  readonly effects?: readonly object[]
  /** Expected fields of the context; others are ignored. */
  readonly context?: object
}

/** What came of the event. */
export interface Then {
  /** Throws an AssertionError that names the difference, or the guards that rejected the event with the values they read. */
  then(expected: Expected): void
  /** Asserts that the machine ignores the event. */
  thenNothing(): void
  /** The resulting snapshot, to continue from. */
  readonly after: StoredSnapshot
  /** The effects of the event, in order. */
  readonly effects: readonly object[]
}

type Past<M extends AnyStateMachine> = readonly EventFrom<M>[] | StoredSnapshot

/**
 * A specification of a machine, for any test runner: given past events or a stored snapshot, when an event happens, then
 * the machine has this state and asks for these effects. Throws `AssertionError` where the past cannot have happened.
 *
 * @example
 * ```ts
 * given(accountMachine, [authorized()])
 *   .when(timerDue({ at: start + hour }))
 *   .then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] })
 * ```
 */
export function given<M extends AnyStateMachine>(
  machine: M,
  past: Past<M>,
  input: object = { account: 'alice', app: 'app' },
) {
  const before = isStored(past) ? fromStored(machine, past) : past.reduce(follow, born())

  function born(): SnapshotFrom<M> {
    const unborn = createActor(machine as AnyStateMachine, { input }).getSnapshot() as {
      value: unknown
      context: object
    }
    return fromStored(machine, toStored(unborn))
  }

  function follow(snapshot: SnapshotFrom<M>, event: EventFrom<M>): SnapshotFrom<M> {
    const filled = fillIn(event as AnyEventObject, contextOf(snapshot))
    const stepped = step<M, object>(machine, snapshot, filled as never)
    if (stepped === null) fail(`given: ${whyNotTaken(machine, snapshot as never, filled)}`, filled, null)
    return (stepped as { next: SnapshotFrom<M> }).next
  }

  return {
    /** Where the past has led. */
    before: toStored(before as never),
    /** Runs the event; nothing is compared yet. */
    when(asked: EventFrom<M>): Then {
      const event = fillIn(asked as AnyEventObject, contextOf(before))
      const standing = before as { value: unknown; context: object }
      const stepped = step<M, object>(machine, before, event as never)
      const after = toStored((stepped?.next ?? before) as never)
      const effects = stepped?.effects ?? []
      return {
        after,
        effects,
        // biome-ignore lint/suspicious/noThenProperty: given, when, then is what a specification reads like; nobody awaits it.
        then(expected) {
          if (stepped === null) fail(whyNotTaken(machine, standing, event), { state: after.value }, expected)
          compare({ state: after.value, effects, context: after.context }, expected)
        },
        thenNothing() {
          if (stepped !== null)
            fail(whyTaken(machine, standing, event), { state: after.value, effects }, null)
        },
      }
    },
  }
}

function compare(
  actual: { state: string; effects: readonly object[]; context: object },
  expected: Expected,
): void {
  if (expected.state !== undefined && actual.state !== expected.state) {
    fail('the state differs', actual.state, expected.state)
  }
  if (expected.context !== undefined && !covers(actual.context, expected.context)) {
    const asked = Object.keys(expected.context)
    const found = Object.fromEntries(Object.entries(actual.context).filter(([name]) => asked.includes(name)))
    fail('the context differs', found, expected.context)
  }
  const { effects } = expected
  if (effects === undefined) return
  const same =
    effects.length === actual.effects.length &&
    effects.every((effect, i) => covers(actual.effects[i], effect))
  if (!same) fail('the effects differ', actual.effects, effects)
}

/** True if `actual` has all expected fields; others are ignored. */
function covers(actual: unknown, expected: unknown): boolean {
  if (!isPlain(expected) || !isPlain(actual)) return isDeepStrictEqual(actual, expected)
  return Object.entries(expected).every(([name, value]) => covers(actual[name], value))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStored(past: object): past is StoredSnapshot {
  return 'schema' in past
}

function contextOf(snapshot: unknown): object {
  return (snapshot as { context: object }).context
}

function fail(message: string, actual: unknown, expected: unknown): never {
  throw new AssertionError({ message, actual, expected, operator: 'then' })
}
