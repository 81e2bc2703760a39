import { accusesSecret } from '../actors/attempt-failure.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import { answerKey } from '../refresh/answer-key.ts'

export interface Verdict {
  /** Null: the answer does not tell. */
  readonly ok: boolean | null
  readonly message: string
  readonly action?: string
}

/** What a token response says about an app's configuration. No response says nothing about the client. */
export interface ClientVerdicts {
  readonly endpoint: Verdict
  readonly client?: Verdict
  /** May it act for the user? Only where it asserts that it does. */
  readonly delegation?: Verdict
}

export interface JudgeClient {
  readonly answer: TokenAnswer
  /** To the same request of a client that is none; undefined where nothing was compared. */
  readonly control: TokenAnswer | undefined
  /** Another secret of the app is known to be answered otherwise than that. */
  readonly isSighted: boolean
  readonly config: AppConfig
  /** Undefined: it asked for itself. */
  readonly user: string | undefined
}

const answers: Verdict = { ok: true, message: 'it answers' }
const noUser: Verdict = { ok: null, message: 'not tried: say for which user' }
const compared = 'connect an account: whether it is refreshed tells'

/** Is this response inconclusive until it is compared with the response to a made-up client? */
export function needsControl(answer: TokenAnswer, config: AppConfig): boolean {
  if (answer.kind === 'tokens' || !spendsRefreshToken(config)) return false
  return isOfTokenEndpoint(answer.refusal) && !accusesSecret(answer.refusal)
}

export function judgeClient({ answer, control, isSighted, config, user }: JudgeClient): ClientVerdicts {
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
  if (!isOfTokenEndpoint(refusal)) {
    const { unknownWords } = refusal
    return {
      endpoint: unknownWords ? { ...refused, action: 'correct the token endpoint of the app' } : refused,
    }
  }
  if (refusal.reason === 'delegation_missing') {
    return {
      endpoint: answers,
      client: { ok: true, message: 'accepted: its assertion was believed' },
      ...delegation(refused),
    }
  }
  if (refusal.reason === 'assertion_rejected' && user === undefined)
    return { endpoint: answers, client: { ...refused, ok: null }, ...delegation(noUser) }
  if (!needsControl(answer, config)) return { endpoint: answers, client: refused }
  return { endpoint: answers, client: byComparison({ refusal, control, isSighted }) }
}

interface Compared extends Pick<JudgeClient, 'control' | 'isSighted'> {
  readonly refusal: Refusal
}

/** Providers look at the token first, or say of it what others say of a client: only who tells two clients apart tells. */
function byComparison({ refusal, control, isSighted }: Compared): Verdict {
  const own = wordsOf(refusal)
  const other = control && keyOf(control)
  if (other == null)
    return { ok: null, message: `not compared with a made-up client: ${own}`, action: compared }
  if (other !== answerKey(refusal))
    return { ok: true, message: `accepted: only the made-up refresh token was refused (${own})` }
  if (isSighted)
    return { ok: false, message: `refused as a made-up client is: ${own}`, action: refusal.action }
  return { ok: null, message: `a made-up client is answered alike: ${own}`, action: compared }
}

/** Null where it tells nothing, as of an answer that did not come. */
export function keyOf(answer: TokenAnswer): string | null {
  return answer.kind === 'tokens' ? null : answerKey(answer.refusal)
}

/** How token endpoints say no (RFC 6749 §5.2, and some with a 200). */
const refuses = new Set([200, 400, 401, 403, 422])

/** Anything else stands in the way, or cannot answer now. */
function isOfTokenEndpoint(refusal: Refusal) {
  const { class: refusalClass, reason, sent, unknownWords, providerError } = refusal
  const { status } = providerError
  if (!sent || status === null || (status >= 300 && status < 400)) return false
  return refusalClass !== 'T' || reason === 'clock_skew' || (unknownWords === true && refuses.has(status))
}

/** The provider's own words after ours, never its free text. */
export function wordsOf({ reason, providerError: { status, error, suberror, codes = [] } }: Refusal): string {
  const told = [status === null ? [] : `HTTP ${status}`, error, suberror ?? [], codes].flat()
  const others = told.filter((word) => word !== reason)
  return others.length === 0 ? reason : `${reason} (${others.join(', ')})`
}
