import type { LifeResult } from './cluster-life.ts'

export interface Sum {
  readonly seeds: number
  readonly broken: number
  readonly accountDays: number
  readonly refreshes: number
  readonly served: number
  readonly steps: number
  readonly faults: Readonly<Record<string, number>>
}

export const emptySum: Sum = {
  seeds: 0,
  broken: 0,
  accountDays: 0,
  refreshes: 0,
  served: 0,
  steps: 0,
  faults: {},
}

export function sumOf(life: LifeResult, days: number): Sum {
  const faults: Record<string, number> = {}
  for (const { kind } of life.faults) faults[kind] = (faults[kind] ?? 0) + 1
  return {
    seeds: 1,
    broken: life.broken === null ? 0 : 1,
    accountDays: life.accounts * days,
    refreshes: life.spendings.filter(({ heard }) => heard === 'tokens').length,
    served: life.served,
    steps: life.steps,
    faults,
  }
}

export function addUp(one: Sum, other: Sum): Sum {
  const faults = { ...one.faults }
  for (const [kind, count] of Object.entries(other.faults)) faults[kind] = (faults[kind] ?? 0) + count
  return {
    seeds: one.seeds + other.seeds,
    broken: one.broken + other.broken,
    accountDays: one.accountDays + other.accountDays,
    refreshes: one.refreshes + other.refreshes,
    served: one.served + other.served,
    steps: one.steps + other.steps,
    faults,
  }
}

export function describeSum(sum: Sum, milliseconds: number): string[] {
  const kinds = Object.entries(sum.faults).sort(([, a], [, b]) => b - a)
  const total = kinds.reduce((all, [, count]) => all + count, 0)
  return [
    `${sum.seeds} seeds, ${sum.broken} broken, ${Math.round((sum.seeds / milliseconds) * 60_000)} a minute`,
    `${sum.accountDays} account-days, ${sum.refreshes} refreshes, ${sum.served} tokens served, ${sum.steps} steps`,
    `${total} faults: ${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
  ]
}
