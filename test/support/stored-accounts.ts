import { type AccountEffect, accountMachine, step } from '../../machines/index.ts'
import { Secret } from '../../src/common/secret.ts'
import { accountPaths } from './account-paths.ts'
import { samples } from './account-samples.ts'
import type { TestNode } from './node.ts'

export type AccountSnapshot = Awaited<ReturnType<TestNode['host']['accounts']['load']>>['snapshot']

let tokens = 0

/** A sample as an event of this account, with its own tokens. */
export function sampleFor(sample: string, { context }: Pick<AccountSnapshot, 'context'>) {
  const event = samples[sample]?.(context)
  if (event === undefined) throw new Error(`there is no sample ${sample}`)
  const refreshToken = new Secret(`refresh-${++tokens}`)
  return { event, extra: { tokens: { accessToken: new Secret(`access-${tokens}`), refreshToken } } }
}

/** Few paths that between them end in every kind of account and take every sample. */
export function chosenPaths(unborn: AccountSnapshot): string[][] {
  const kinds = new Set<string>()
  const taken = new Set<string>()
  const chosen: string[][] = []
  const shortestFirst = accountPaths().paths.toSorted((a, b) => a.steps.length - b.steps.length)
  for (const { steps } of shortestFirst) {
    const names = steps.map(({ sample }) => sample)
    const kind = kindOf(names.reduce(follow, unborn))
    if (kinds.has(kind) && names.every((name) => taken.has(name))) continue
    kinds.add(kind)
    for (const name of names) taken.add(name)
    chosen.push(names)
  }
  return chosen
}

function follow(snapshot: AccountSnapshot, sample: string): AccountSnapshot {
  const stepped = step<typeof accountMachine, AccountEffect>(
    accountMachine,
    snapshot,
    sampleFor(sample, snapshot).event,
  )
  if (stepped === null) throw new Error(`${sample} is not taken`)
  return stepped.next
}

/** Identifies situations: the state, its reason, the attempt in flight, and what else is stored. */
function kindOf({ value, context }: AccountSnapshot): string {
  const { grantId, invalid, attempt } = context
  const inFlight = attempt && [attempt.spend, attempt.probe, hasResource(attempt)]
  return JSON.stringify([value, grantId !== null, invalid?.class, inFlight])
}

const hasResource = (attempt: object) => 'resource' in attempt && attempt.resource !== null
