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

export function addUp(sum: Sum, life: LifeResult, days: number): Sum {
  const faults = { ...sum.faults }
  for (const { kind } of life.faults) faults[kind] = (faults[kind] ?? 0) + 1
  return {
    seeds: sum.seeds + 1,
    broken: sum.broken + (life.broken === null ? 0 : 1),
    accountDays: sum.accountDays + life.accounts * days,
    refreshes: sum.refreshes + life.spendings.filter(({ heard }) => heard === 'tokens').length,
    served: sum.served + life.served,
    steps: sum.steps + life.steps,
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
