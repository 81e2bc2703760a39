import { hasTakenClient } from '../actors/attempt-failure.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'

export interface Verdict {
  /** Null: the answer does not tell. */
  readonly ok: boolean | null
  readonly message: string
  readonly action?: string
}

/** What a token request tells of an app's set-up. Who did not answer tells nothing of the client. */
export interface ClientVerdicts {
  readonly endpoint: Verdict
  readonly client?: Verdict
  /** May it act for the user? Only where it asserts that it does. */
  readonly delegation?: Verdict
}

export interface JudgeClient {
  readonly answer: TokenAnswer
  readonly config: AppConfig
  /** Undefined: it asked for itself. */
  readonly user: string | undefined
}

const answers: Verdict = { ok: true, message: 'it answers' }
const noUser: Verdict = { ok: null, message: 'not tried: say for which user' }
/** Entra ID finds a token that it did not make malformed, perhaps before it looks at who sends it. */
const malformed = 9002313

export function judgeClient({ answer, config, user }: JudgeClient): ClientVerdicts {
  const delegation = (verdict: Verdict) =>
    config.grant === 'jwt_bearer' ? { delegation: user === undefined ? noUser : verdict } : {}
  if (answer.kind === 'tokens') {
    return {
      endpoint: answers,
      client: { ok: true, message: 'accepted: an access token came' },
      ...delegation({ ok: true, message: `it may act for ${user}` }),
    }
  }
  const { refusal } = answer
  const refused: Verdict = { ok: false, message: wordsOf(refusal), action: refusal.action }
  if (!isOfTokenEndpoint(refusal)) return { endpoint: refused }
  if (refusal.reason === 'delegation_missing') {
    return {
      endpoint: answers,
      client: { ok: true, message: 'accepted: its assertion was believed' },
      ...delegation(refused),
    }
  }
  if (refusal.reason === 'assertion_rejected' && user === undefined)
    return { endpoint: answers, client: { ...refused, ok: null }, ...delegation(noUser) }
  if (!spendsRefreshToken(config) || !hasTakenClient(refusal)) return { endpoint: answers, client: refused }
  const unread = refusal.providerError.codes?.includes(malformed)
  return {
    endpoint: answers,
    client: unread
      ? { ok: null, message: `only the made-up refresh token was looked at: ${refused.message}` }
      : { ok: true, message: 'accepted: only the made-up refresh token was refused' },
  }
}

/** Anything else stands in the way, or cannot answer now. */
function isOfTokenEndpoint({ class: refusalClass, reason, sent, providerError: { status } }: Refusal) {
  if (!sent || status === null || (status >= 300 && status < 400)) return false
  return refusalClass !== 'T' || reason === 'clock_skew'
}

/** The provider's own words after ours, never its free text. */
export function wordsOf({ reason, providerError: { status, error, suberror, codes = [] } }: Refusal): string {
  const told = [status === null ? [] : `HTTP ${status}`, error, suberror ?? [], codes].flat()
  const others = told.filter((word) => word !== reason)
  return others.length === 0 ? reason : `${reason} (${others.join(', ')})`
}
