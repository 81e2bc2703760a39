import { getShortestPaths } from 'xstate/graph'
import {
  type AccountContext,
  type AccountEffect,
  accountMachine,
  never,
  step,
  warningAt,
} from '../../machines/index.ts'
import { samples } from './account-samples.ts'

export interface PathStep {
  /** Which sample; made concrete by the account it meets. */
  readonly sample: string
  readonly value: string
  readonly effects: readonly string[]
}

export interface AccountPath {
  readonly description: string
  readonly steps: readonly PathStep[]
}

export interface AccountPaths {
  readonly paths: readonly AccountPath[]
  /** What tells one account from another here: the state, and what its guards look at. */
  readonly situations: number
  /** Different ways on: from where, by what, to where, asking for what. */
  readonly ways: number
  /** State, event and target, as the chart draws them. */
  readonly edges: ReadonlySet<string>
}

type Snapshot = Parameters<typeof step<typeof accountMachine, AccountEffect>>[1]

const longestPath = 7

/** The state, and all of the context that a guard looks at. */
function situationOf({ value, context }: { value: unknown; context: AccountContext }): string {
  const { attempt, invalid, failures, policy, rotation, refreshable, hasSibling, hasPrevious } = context
  return JSON.stringify([
    value,
    context.grantId !== null,
    refreshable,
    policy === 'lazy',
    rotation,
    hasSibling,
    hasPrevious,
    context.doubtSince !== null,
    Math.min(failures, 2),
    context.rejected !== null,
    context.rejection !== null,
    context.expiresAt === never,
    warningAt(context) !== null,
    context.generation > 1,
    invalid?.reason,
    attempt && [attempt.from, attempt.probe, attempt.spend, attempt.resource !== null],
  ])
}

/**
 * Paths that between them take every way the model knows. A path ends with a way no other path has taken; the first of
 * the shortest ones is used to get there.
 */
export function accountPaths(): AccountPaths {
  const names = new Map<object, string>()
  const events = (snapshot: Snapshot) =>
    Object.entries(samples).map(([name, sample]) => {
      const event = sample(snapshot.context)
      names.set(event, name)
      return event
    })
  const shortest = getShortestPaths(accountMachine, {
    input: { account: 'model' },
    events: events as never,
    serializeState: situationOf as never,
    serializeEvent: ((event: object) => names.get(event) ?? (event as { type: string }).type) as never,
    stopWhen: ((snapshot: Snapshot) => depthOf(snapshot) > longestPath) as never,
    limit: 600_000,
  })
  const taken = new Set<string>()
  const edges = new Set<string>()
  const paths: AccountPath[] = []
  for (const { state, steps } of shortest) {
    const before = steps
      .filter(({ event }) => names.has(event))
      .map(({ event }) => names.get(event) as string)
    for (const [name, sample] of Object.entries(samples)) {
      const snapshot = state as Snapshot
      const event = sample(snapshot.context)
      const stepped = step<typeof accountMachine, AccountEffect>(accountMachine, snapshot, event)
      if (stepped === null) continue
      const effects = stepped.effects.map(({ type }) => type)
      const way = JSON.stringify([
        snapshot.value,
        snapshot.context.invalid?.class,
        name,
        stepped.next.value,
        effects,
      ])
      edges.add(`${String(snapshot.value)} ${event.type} ${String(stepped.next.value)}`)
      if (taken.has(way)) continue
      taken.add(way)
      paths.push({ description: [...before, name].join(' · '), steps: walk([...before, name]) })
    }
  }
  return { paths, situations: shortest.length, ways: taken.size, edges }
}

function depthOf({ context }: Snapshot): number {
  return context.generation
}

function walk(path: readonly string[]): PathStep[] {
  let { snapshot } = { snapshot: unborn() }
  return path.map((name) => {
    const stepped = step<typeof accountMachine, AccountEffect>(
      accountMachine,
      snapshot,
      (samples[name] as (typeof samples)[string])(snapshot.context),
    )
    if (stepped === null) throw new Error(`${name} is not taken`)
    snapshot = stepped.next
    return { sample: name, value: String(snapshot.value), effects: stepped.effects.map(({ type }) => type) }
  })
}

function unborn(): Snapshot {
  const [first] = getShortestPaths(accountMachine, { input: { account: 'model' }, events: [] })
  return first?.state as Snapshot
}
