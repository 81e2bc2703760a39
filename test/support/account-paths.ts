import { createActor } from 'xstate'
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
  /** Identifies situations of an account: the state, and the context that its guards read. */
  readonly situations: number
  /** Different ways on: from where, by what, to where, asking for what. */
  readonly ways: number
  /** State, event and target, as the chart draws them. */
  readonly edges: ReadonlySet<string>
}

type Snapshot = Parameters<typeof step<typeof accountMachine, AccountEffect>>[1]

const maxGenerations = 4

/** The state, and all of the context that a guard reads. */
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
  const begin = unborn()
  const reached = new Map<string, Reached>([[situationOf(begin), { snapshot: begin, path: [] }]])
  const taken = new Set<string>()
  const edges = new Set<string>()
  const paths: AccountPath[] = []
  // Iterating a map also visits entries added meanwhile, which gives a breadth-first search.
  for (const { snapshot, path } of reached.values()) {
    for (const [name, sample] of Object.entries(samples)) {
      const event = sample(snapshot.context)
      const stepped = step<typeof accountMachine, AccountEffect>(accountMachine, snapshot, event)
      if (stepped === null) continue
      const { next } = stepped
      const effects = stepped.effects.map(({ type }) => type)
      const way = JSON.stringify([snapshot.value, snapshot.context.invalid?.class, name, next.value, effects])
      edges.add(`${String(snapshot.value)} ${event.type} ${String(next.value)}`)
      const longer = [...path, name]
      const situation = situationOf(next)
      if (!reached.has(situation) && next.context.generation <= maxGenerations)
        reached.set(situation, { snapshot: next, path: longer })
      if (taken.has(way)) continue
      taken.add(way)
      paths.push({ description: longer.join(' · '), steps: walk(longer) })
    }
  }
  return { paths, situations: reached.size, ways: taken.size, edges }
}

interface Reached {
  readonly snapshot: Snapshot
  readonly path: readonly string[]
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
  return createActor(accountMachine, { input: { account: 'model' } }).getSnapshot()
}
