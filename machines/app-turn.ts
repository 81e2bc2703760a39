import type { AppContext, ClientQuestioned, Question } from './app-context.ts'
import { mostGrants, probeHolds } from './app-question.ts'

const second = 1_000

/** Between two refusals of the same grant. */
const repeatAfter = 200 * second
/** Grants that have worked are asked for so long before one that never has. */
const provenFirst = second

/** An attempt that wants to be sent while its app may be in question. */
export interface Asking extends Pick<ClientQuestioned, 'attempt' | 'grant' | 'endpoint' | 'workedBefore'> {
  readonly at: number
}

/** May an attempt be sent now? `ask`: if it is the one the app lets out. Else not before `until`. */
export type Turn = 'go' | 'ask' | { readonly until: number }

/** May this attempt be sent now, has it to be let out by the app first, or does it wait? */
export function turnOf(context: AppContext, asking: Asking): Turn {
  const { question } = context
  if (question === null || question.endpoint !== asking.endpoint) return 'go'
  const isRefused = question.grants.includes(asking.grant)
  if (question.probe === asking.attempt || (question.accusation === 'unknown' && !isRefused)) return 'go'
  const isFree = question.probedAt === 0 ? asking.at : question.probedAt + probeHolds
  const until = Math.max(
    isFree,
    isRefused ? question.lastRefusalAt + repeatAfter : firstTurn(context, asking),
  )
  return asking.at >= until ? 'ask' : { until }
}

/** Where the client was accepted before, a grant that never worked says little: it waits for those that have. */
function firstTurn({ question, acceptedAt }: AppContext, { at, workedBefore }: Asking): number {
  const { rounds, lookedAt, grants } = question as Question
  if (workedBefore || acceptedAt === 0) return at
  const isWanted = rounds > 0 && grants.length < mostGrants
  return isWanted ? lookedAt + provenFirst : at + second
}
