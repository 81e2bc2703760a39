import type { AppContext, ClientQuestioned, Question } from './app-context.ts'
import { mostGrants, probeHolds } from './app-question.ts'

const second = 1_000

/** Minimum time between two probes with the same grant. */
const repeatAfter = 200 * second
/** How long grants that have worked take precedence as probes over one that never has. */
const provenFirst = second

/** An attempt that wants to be sent while its app may be in question. */
export interface Asking extends Pick<ClientQuestioned, 'attempt' | 'grant' | 'endpoint' | 'workedBefore'> {
  readonly at: number
}

/** Whether an attempt may be sent: `go`; `ask` if it first has to become the probe; or not before `until`. */
export type Admission = 'go' | 'ask' | { readonly until: number }

/** May this attempt be sent now, has it to be let out by the app first, or does it wait? */
export function admissionOf(context: AppContext, asking: Asking): Admission {
  const { question } = context
  if (question === null || question.endpoint !== asking.endpoint) return 'go'
  const isRefused = question.grants.includes(asking.grant)
  if (question.probe === asking.attempt || (question.accusation === 'unknown' && !isRefused)) return 'go'
  const isFree = question.probedAt === 0 ? asking.at : question.probedAt + probeHolds
  const until = Math.max(
    isFree,
    isRefused ? question.lastRefusalAt + repeatAfter : firstProbeAt(context, asking),
  )
  return asking.at >= until ? 'ask' : { until }
}

/** If the client was accepted before, a grant that never worked is weak evidence, and lets those that have worked go first. */
function firstProbeAt({ question, acceptedAt }: AppContext, { at, workedBefore }: Asking): number {
  const { rounds, lookedAt, grants } = question as Question
  if (workedBefore || acceptedAt === 0) return at
  const isWanted = rounds > 0 && grants.length < mostGrants
  return isWanted ? lookedAt + provenFirst : at + second
}
