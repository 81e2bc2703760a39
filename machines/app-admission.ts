import type { AppContext, Question } from './app-context.ts'
import type { ClientQuestioned } from './app-events.ts'
import { fullyRefused, maxGrants, probeHolds } from './app-question.ts'

const second = 1_000

/** Minimum time between two probes with the same grant. */
const repeatAfter = 200 * second
/** How long grants that have worked take precedence as probes over one that never has. */
const provenFirst = second

/** An attempt that wants to be sent while its app may be in question. */
export interface ProbeCandidate
  extends Pick<ClientQuestioned, 'attempt' | 'grant' | 'endpoint' | 'workedBefore'> {
  /** Cluster time in milliseconds. */
  readonly at: number
}

/** Whether an attempt may be sent: `send`; `probe` if it first has to become the probe; or not before `until`. */
export type Admission = 'send' | 'probe' | { readonly until: number }

/** May this attempt be sent now, has it to be let out by the app first, or does it wait? */
export function admissionOf(context: AppContext, candidate: ProbeCandidate): Admission {
  const { question } = context
  if (question === null || question.endpoint !== candidate.endpoint) return 'send'
  const isRefused = fullyRefused(question).includes(candidate.grant)
  if (question.probe === candidate.attempt || (question.accusation === 'unknown' && !isRefused)) return 'send'
  const isFree = question.probedAt === 0 ? candidate.at : question.probedAt + probeHolds
  const until = Math.max(
    isFree,
    isRefused ? question.lastRefusalAt + repeatAfter : firstProbeAt(context, candidate),
  )
  return candidate.at >= until ? 'probe' : { until }
}

/** If the client was accepted before, a grant that never worked is weak evidence, and lets those that have worked go first. */
function firstProbeAt({ question, acceptedAt }: AppContext, { at, workedBefore }: ProbeCandidate): number {
  const { rounds, lookedAt, grants } = question as Question
  if (workedBefore || acceptedAt === 0) return at
  const isWanted = rounds > 0 && grants.length < maxGrants
  return isWanted ? lookedAt + provenFirst : at + second
}
