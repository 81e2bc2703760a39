import { getMicrosteps } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type AppContext, type AppEffect, type AppEvent, appMachine, step } from '../../machines/index.ts'
import { day } from '../../src/testing/index.ts'
import { appSamples, appsBegin, endpointSamples, questionSamples, secretSamples } from './app-samples.ts'

type Snapshot = Parameters<typeof step<typeof appMachine, AppEffect>>[1]

export interface AppStep {
  readonly sample: string
  readonly event: AppEvent
  readonly value: string
  readonly context: AppContext
  readonly effects: readonly AppEffect[]
}

export interface AppPaths {
  readonly paths: readonly (readonly AppStep[])[]
  readonly situations: number
  /** The transitions of the chart that some path takes, in the notation of `appChart`. */
  readonly taken: ReadonlySet<string>
}

interface Written {
  readonly eventType: string
  readonly guard?: unknown
  readonly target?: readonly { readonly key: string }[] | undefined
}

const written = (from: string, { eventType, guard, target }: Written) =>
  `${from}: ${eventType || 'always'}${guard ? ` if ${String(guard)}` : ''} → ${target?.[0]?.key ?? 'stays'}`

/** The chart's transitions as they are written. */
export function appChart(): string[] {
  return Object.entries(appMachine.states).flatMap(([from, node]) =>
    [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map((each) => written(from, each)),
  )
}

const longestLife = 60 * day

/** For the model of secrets: the state, and all of the context that its guards read. */
function secretSituation({ value, context }: Snapshot): string {
  const { secrets, question, throttledUntil, probeAt, waking, wakeAt, since } = context
  return JSON.stringify([
    value,
    secrets.map(({ id, rejected, expiresAt, warnedDays }) => [id, rejected, expiresAt !== null, warnedDays]),
    question?.probe !== null,
    throttledUntil > since,
    probeAt !== null,
    waking,
    wakeAt !== null,
  ])
}

/** Of the life of questions. */
function questionSituation({ value, context }: Snapshot): string {
  const { secrets, question, baseline, denial, refusedSince } = context
  return JSON.stringify([
    value,
    secrets.map(({ id, rejected }) => [id, rejected]),
    question && [
      question.accusation,
      question.grants.length,
      question.refusals > 3,
      question.control,
      question.probe !== null,
      question.refusedSecrets.length > 0,
    ],
    baseline?.madeUpSecret,
    denial !== null,
    refusedSince !== null,
  ])
}

/** Of the life of endpoints that accounts fill in. */
function endpointSituation({ value, context: { endpoints } }: Snapshot): string {
  return JSON.stringify([value, endpoints.map(({ grants, probe }) => [grants, probe !== null])])
}

/** Paths that between them take every way the model knows, each to its end by the shortest way. */
export function appPaths(): AppPaths {
  const parts = [
    pathsOf(secretSamples, secretSituation),
    pathsOf(questionSamples, questionSituation),
    pathsOf(endpointSamples, endpointSituation),
  ]
  return {
    paths: parts.flatMap(({ paths }) => paths),
    situations: parts.reduce((sum, { situations }) => sum + situations, 0),
    taken: new Set(parts.flatMap(({ taken }) => [...taken])),
  }
}

function pathsOf(samples: typeof appSamples, situationOf: (snapshot: Snapshot) => string): AppPaths {
  const names = new Map<object, string>()
  const events = ({ context }: Snapshot) =>
    Object.entries(samples).map(([name, sample]) => {
      const event = sample(context)
      names.set(event, name)
      return event
    })
  const shortest = getShortestPaths(appMachine, {
    input: { app: 'model' },
    events: events as never,
    serializeState: situationOf as never,
    serializeEvent: ((event: object) => names.get(event) ?? (event as { type: string }).type) as never,
    stopWhen: ((snapshot: Snapshot) => snapshot.context.since > appsBegin + longestLife) as never,
    limit: 200_000,
  })
  const ways = new Set<string>()
  const taken = new Set<string>()
  const paths: AppStep[][] = []
  for (const { state, steps } of shortest) {
    const snapshot = state as Snapshot
    const before = steps.flatMap(({ event }) => names.get(event) ?? [])
    for (const [name, sample] of Object.entries(samples)) {
      const event = sample(snapshot.context)
      const stepped = step<typeof appMachine, AppEffect>(appMachine, snapshot, event)
      if (stepped === null) continue
      const transitions = transitionsOf(snapshot, event)
      const way = JSON.stringify([name, ...transitions, stepped.effects.map(({ type }) => type)])
      const path = ways.has(way) ? null : walk([...before, name])
      if (path === null) continue
      ways.add(way)
      for (const each of transitions) taken.add(each)
      paths.push(path)
    }
  }
  return { paths, situations: shortest.length, taken }
}

/** The transitions of an event: its own, and the eventless ones that follow. */
function transitionsOf(snapshot: Snapshot, event: AppEvent): string[] {
  const [own] = appMachine.getTransitionData(snapshot, event)
  if (own === undefined) return []
  const steps = getMicrosteps(appMachine, snapshot, event).map(([each]) => each as Snapshot)
  const followed = steps.slice(1).map((each, index) => {
    const from = String((steps[index] as Snapshot).value)
    const always = appMachine.states[from]?.always ?? []
    return written(from, always.find(({ target }) => target?.[0]?.key === each.value) as Written)
  })
  return [written(String(snapshot.value), own), ...followed]
}

/** Null if equal situations differ in what the next event needs. */
function walk(path: readonly string[]): AppStep[] | null {
  let snapshot = unborn()
  const steps: AppStep[] = []
  for (const name of path) {
    const event = (appSamples[name] as (typeof appSamples)[string])(snapshot.context)
    const stepped = step<typeof appMachine, AppEffect>(appMachine, snapshot, event)
    if (stepped === null) return null
    snapshot = stepped.next
    const { value, context } = snapshot
    steps.push({ sample: name, event, value: String(value), context, effects: stepped.effects })
  }
  return steps
}

function unborn(): Snapshot {
  const [first] = getShortestPaths(appMachine, { input: { app: 'model' }, events: [] })
  return first?.state as Snapshot
}
