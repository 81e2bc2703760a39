import type { AnyEventObject, AnyStateMachine } from 'xstate'

/** A guard of the chart, asked about one event: what it said, and what it looked at to say so. */
export interface GuardAsked {
  readonly guard: string
  readonly admits: boolean
  /** Such as `context.retryAt`, with the value it found there. */
  readonly found: Readonly<Record<string, unknown>>
}

interface Standing {
  readonly value: unknown
  readonly context: object
}

type Guard = string | { readonly type: string; readonly params?: unknown }

/** Every guard that the state has for an event of this type; undefined where the state does not know the type at all. */
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

/** Notes each leaf that is read. */
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

/** A line for each guard, for the message of an assertion that failed. */
export function tellGuards(asked: readonly GuardAsked[]): string[] {
  return asked.map(({ guard, admits, found }) => {
    const seen = Object.entries(found).map(([path, value]) => `${path} ${JSON.stringify(value)}`)
    return `  ${guard} is ${admits}${seen.length > 0 ? `, having found ${seen.join(', ')}` : ''}`
  })
}

/** Why an event is not taken: its guards, with what each found; or what the state takes instead. */
export function whyNotTaken(machine: AnyStateMachine, standing: Standing, event: AnyEventObject): string {
  const asked = askGuards(machine, standing, event)
  const state = String(standing.value)
  if (asked !== undefined)
    return [`${event.type} is not taken in ${state}: no guard admits it`, ...tellGuards(asked)].join('\n')
  const known = [...(machine.states[state]?.transitions.keys() ?? [])].sort()
  return `${event.type} is not taken in ${state}, which knows ${known.join(', ')}`
}

/** Why an event is taken: the first guard that admits it. */
export function whyTaken(machine: AnyStateMachine, standing: Standing, event: AnyEventObject): string {
  const asked = askGuards(machine, standing, event) ?? []
  const admits = asked.filter((each) => each.admits).slice(0, 1)
  return [`${event.type} is taken in ${String(standing.value)}`, ...tellGuards(admits)].join('\n')
}
