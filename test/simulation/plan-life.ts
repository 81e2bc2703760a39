import type { AccountPlan } from './account-plan.ts'
import {
  type Fault,
  type FaultKind,
  faultKinds,
  laterFaultKinds,
  latestFaultKinds,
  planFaults,
} from './faults.ts'
import { createRandom } from './random.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** What the seed decides before anything happens. */
export function planLife(seed: number, days: number, later: boolean) {
  const random = createRandom(seed)
  const forgetful = random.chance(0.3)
  const remembered = (kind: FaultKind) => forgetful || !kind.startsWith('redis failover')
  const kinds = faultKinds.filter(remembered)
  const rotations = ['none', 'keeps-old', 'grace', 'until-used', 'strict', 'strict'] as const
  const plans = Array.from({ length: random.integer(1, 4) }, (_, i): AccountPlan => {
    const rotation = random.pick(rotations)
    return {
      account: `account-${i}`,
      app: `app-${rotation}`,
      rotation,
      policy: random.pick(['eager', 'lazy', 'adaptive']),
    }
  })
  const until = days * day - 2 * hour
  const before = {
    plans,
    nodes: random.integer(2, 3),
    lives: random.pick([[3 * minute], [15 * minute], [hour], [10 * minute, hour]]),
    asksEvery: random.pick([minute, 10 * minute, 2 * hour]),
    faults: planFaults({ random: random.fork(), until, perDay: random.pick([8, 30, 100]), kinds }),
    random,
  }
  const after = planLater(seed, { until, remembered, plans })
  if (later) return { ...before, ...after }
  const none = {
    companions: [] as AccountPlan[],
    dialect: 'distinguishing' as const,
    laterFaults: [] as Fault[],
  }
  return { ...before, ...after, ...none }
}

interface Before {
  readonly until: number
  readonly plans: readonly AccountPlan[]
  remembered(kind: FaultKind): boolean
}

/** From a separate random source, so that faults added later do not change the meaning of earlier seeds. */
function planLater(seed: number, { until, remembered, plans }: Before) {
  const random = createRandom(seed ^ 0x5eed)
  const first = plans[0] as AccountPlan
  const companions = Array.from({ length: random.pick([0, 0, 0, 1, 2]) }, (_, i): AccountPlan => {
    return { ...first, account: `companion-${i}`, policy: random.pick(['eager', 'adaptive']) }
  })
  return {
    companions,
    dialect: random.pick(['distinguishing', 'blind', 'inverted'] as const),
    laterFaults: [
      ...planFaults({
        random: random.fork(),
        until,
        perDay: random.pick([4, 12, 40]),
        kinds: laterFaultKinds.filter(remembered),
      }),
      ...planLatest(seed, until),
    ],
    laterRandom: random.fork(),
  }
}

function planLatest(seed: number, until: number): Fault[] {
  if (seed % 4 !== 0) return []
  return planFaults({ random: createRandom(seed ^ 0xca5e), until, perDay: 12, kinds: latestFaultKinds })
}
