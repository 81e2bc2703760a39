import { isSecretRefused } from '../actors/attempt-failure.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import { answerKey } from '../refresh/answer-key.ts'

export interface CheckResult {
  /** Null: inconclusive. */
  readonly ok: boolean | null
  readonly message: string
  readonly action?: string
}

/** What a token response shows about an app's configuration. */
export interface ClientCheckResults {
  readonly endpoint: CheckResult
  readonly client?: CheckResult
  /** Whether it may act for the user; only for apps that sign assertions. */
  readonly delegation?: CheckResult
}

export interface ClientCheck {
  readonly answer: TokenAnswer
  /** The response to the same request of a dummy client; undefined if there was none. */
  readonly control: TokenAnswer | undefined
  /** True if another secret of the app is known to be answered differently from the control. */
  readonly isConclusive: boolean
  readonly config: AppConfig
  /** Undefined: no user was given. */
  readonly user: string | undefined
}

const answers: CheckResult = { ok: true, message: 'it responds' }
const noUser: CheckResult = { ok: null, message: 'not tried: give a user' }
const compared = 'connect an account; its first refresh shows whether it works'

/** True if the response is inconclusive without the response to a dummy client. */
export function needsControl(answer: TokenAnswer, config: AppConfig): boolean {
  if (answer.kind === 'tokens' || !spendsRefreshToken(config)) return false
  return isOfTokenEndpoint(answer.refusal) && !isSecretRefused(answer.refusal)
}

export function checkClient({
  answer,
  control,
  isConclusive,
  config,
  user,
}: ClientCheck): ClientCheckResults {
  const delegation = (result: CheckResult) =>
    config.grant === 'jwt_bearer' ? { delegation: user === undefined ? noUser : result } : {}
  if (answer.kind === 'tokens') {
    return {
      endpoint: answers,
      client: { ok: true, message: 'accepted: the provider issued an access token' },
      ...delegation({ ok: true, message: `it may act for ${user}` }),
    }
  }
  const { refusal } = answer
  const refused: CheckResult = { ok: false, message: describeRefusal(refusal), action: refusal.action }
  if (!isOfTokenEndpoint(refusal)) {
    const { unknownWords } = refusal
    return {
      endpoint: unknownWords ? { ...refused, action: 'correct the token endpoint of the app' } : refused,
    }
  }
  if (refusal.reason === 'delegation_missing') {
    return {
      endpoint: answers,
      client: { ok: true, message: 'accepted: the assertion was valid' },
      ...delegation(refused),
    }
  }
  if (refusal.reason === 'assertion_rejected' && user === undefined)
    return { endpoint: answers, client: { ...refused, ok: null }, ...delegation(noUser) }
  if (!needsControl(answer, config)) return { endpoint: answers, client: refused }
  return { endpoint: answers, client: byComparison({ refusal, control, isConclusive }) }
}

interface Compared extends Pick<ClientCheck, 'control' | 'isConclusive'> {
  readonly refusal: Refusal
}

/**
 * Some providers check the refresh token before the client: the result is conclusive only if the response to a dummy
 * client differs.
 */
function byComparison({ refusal, control, isConclusive }: Compared): CheckResult {
  const own = describeRefusal(refusal)
  const other = control && keyOf(control)
  if (other == null)
    return { ok: null, message: `not compared with a dummy client: ${own}`, action: compared }
  if (other !== answerKey(refusal))
    return { ok: true, message: `accepted: only the dummy refresh token was refused (${own})` }
  if (isConclusive)
    return { ok: false, message: `refused like a dummy client: ${own}`, action: refusal.action }
  return {
    ok: null,
    message: `inconclusive: a dummy client gets the same response: ${own}`,
    action: compared,
  }
}

/** Identifies equal refusals; null for tokens, and for refusals that say nothing about the client. */
export function keyOf(answer: TokenAnswer): string | null {
  return answer.kind === 'tokens' ? null : answerKey(answer.refusal)
}

/** Statuses with which token endpoints refuse (RFC 6749 §5.2; some use 200). */
const refuses = new Set([200, 400, 401, 403, 422])

/** False if something in between answered, or the endpoint cannot answer now. */
function isOfTokenEndpoint(refusal: Refusal) {
  const { class: refusalClass, reason, sent, unknownWords, providerError } = refusal
  const { status } = providerError
  if (!sent || status === null || (status >= 300 && status < 400)) return false
  return refusalClass !== 'T' || reason === 'clock_skew' || (unknownWords === true && refuses.has(status))
}

/** The reason, followed by the provider's codes; never its free text. */
export function describeRefusal({
  reason,
  providerError: { status, error, suberror, codes = [] },
}: Refusal): string {
  const words = [status === null ? [] : `HTTP ${status}`, error, suberror ?? [], codes].flat()
  const others = words.filter((word) => word !== reason)
  return others.length === 0 ? reason : `${reason} (${others.join(', ')})`
}
