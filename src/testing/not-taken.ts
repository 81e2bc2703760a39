import type { AnyEventObject, AnyStateMachine } from 'xstate'

/** The result of one guard for an event, with the values it read. */
export interface GuardAsked {
  readonly guard: string
  readonly admits: boolean
  /** The values read, by path, such as `context.retryAt`. */
  readonly found: Readonly<Record<string, unknown>>
}

interface Standing {
  readonly value: unknown
  readonly context: object
}

type Guard = string | { readonly type: string; readonly params?: unknown }

/** Evaluates all guards of the state for an event; undefined if the state does not handle its type. */
export function askGuards(
  machine: AnyStateMachine,
  { value, context }: Standing,
  event: AnyEventObject,
): GuardAsked[] | undefined {
  const transitions = machine.states[String(value)]?.transitions.get(event.type)
  return transitions?.flatMap(({ guard }) =>
    guard === undefined ? [] : [ask(machine, guard as Guard, { context, event })],
  )
}

function ask(
  machine: AnyStateMachine,
  guard: Guard,
  args: { context: object; event: AnyEventObject },
): GuardAsked {
  const { type, params } = typeof guard === 'string' ? { type: guard, params: undefined } : guard
  const found: Record<string, unknown> = {}
  const implementation = machine.implementations.guards[type] as (args: object, params: unknown) => boolean
  const watched = {
    context: watch(args.context, 'context', found),
    event: watch(args.event, 'event', found),
  }
  return { guard: type, admits: implementation(watched, params), found }
}

/** Records each leaf that is read. */
function watch<T extends object>(value: T, path: string, found: Record<string, unknown>): T {
  return new Proxy(value, {
    get(target, name, receiver) {
      const each: unknown = Reflect.get(target, name, receiver)
      if (typeof name === 'symbol' || typeof each === 'function') return each
      const within = `${path}.${name}`
      if (typeof each === 'object' && each !== null && !Array.isArray(each)) return watch(each, within, found)
      if (within !== 'event.type') found[within] = each
      return each
    },
  })
}

/** One line per guard, for the message of a failed assertion. */
export function explainGuards(asked: readonly GuardAsked[]): string[] {
  return asked.map(({ guard, admits, found }) => {
    const seen = Object.entries(found).map(([path, value]) => `${path} ${JSON.stringify(value)}`)
    return `  ${guard} is ${admits}${seen.length > 0 ? `, having found ${seen.join(', ')}` : ''}`
  })
}

/** Why an event is not handled: the guards with the values they read, or the types the state handles. */
export function whyNotTaken(machine: AnyStateMachine, standing: Standing, event: AnyEventObject): string {
  const asked = askGuards(machine, standing, event)
  const state = String(standing.value)
  if (asked !== undefined)
    return [`${event.type} is not taken in ${state}: no guard admits it`, ...explainGuards(asked)].join('\n')
  const known = [...(machine.states[state]?.transitions.keys() ?? [])].sort()
  return `${event.type} is not taken in ${state}, which knows ${known.join(', ')}`
}

/** Why an event is handled: the first guard that admits it. */
export function whyTaken(machine: AnyStateMachine, standing: Standing, event: AnyEventObject): string {
  const asked = askGuards(machine, standing, event) ?? []
  const admits = asked.filter((each) => each.admits).slice(0, 1)
  return [`${event.type} is taken in ${String(standing.value)}`, ...explainGuards(admits)].join('\n')
}
