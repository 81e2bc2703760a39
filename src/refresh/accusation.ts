import {
  type AccountContext,
  type ClientRejected,
  fewestRefusals,
  isOwnDenial,
  isOwnRefusal,
  isRefusedToAll,
  isSighted,
} from '../../machines/index.ts'
import type { App } from '../actors/app-actor.ts'
import { appsFault, type Failure, fromRefusal, isLackedByOne } from '../actors/attempt-failure.ts'
import { causedBy } from '../contract/reasons.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { answerKey } from './answer-key.ts'

export type Accused = Omit<ClientRejected, 'type' | 'at' | 'id'>

export interface Accusing {
  readonly refusal: Refusal
  readonly config: AppConfig
  readonly account: AccountContext
  readonly app: App
  readonly at: number
}

/** Whether the refusal may concern the client, or only the grant. */
export function accusationOf(accusing: Accusing): Accused['accusation'] | null {
  const { refusal, config, account, app, at } = accusing
  if (refusal.class === 'P') return isLackedByOne(refusal, config) ? null : 'client'
  if ((refusal.general || refusal.unknownWords) && isSaidToWrongSecret(app, refusal)) return 'client'
  if (refusal.general) return 'general'
  if (!refusal.unknownWords || account.lastRefreshedAt === null) return null
  return app.context.question !== null || isRepeated(account.unknownWords, at) ? 'unknown' : null
}

/** True if the refusal equals the baseline of a made-up secret, and differs from that of the app's own. */
function isSaidToWrongSecret({ context, endpoint }: App, refusal: Refusal): boolean {
  return isSighted(context, { endpoint }) && context.baseline?.madeUpSecret === answerKey(refusal)
}

/** Including the current refusal. */
function isRepeated(earlier: AccountContext['unknownWords'], at: number): boolean {
  if (earlier === null) return false
  return earlier.count + 1 >= fewestRefusals.count && at - earlier.since >= fewestRefusals.over
}

const judged = new Set(['refused_for_this_grant', 'refused_in_unknown_words'])

/** The verdict on a parked grant is kept, and not established again by each probe. */
export function isJudged({ invalid }: AccountContext): boolean {
  return invalid?.state === 'revoked' && judged.has(invalid.reason)
}

/** When the grant was last refused in a way that may concern its client, also while the app was down; null if never. */
export function refusedBeforeOf({ lastError }: AccountContext): number | null {
  if (lastError === null || lastError.providerError.status === null) return null
  return lastError.reason === 'client_in_question' || lastError.class === 'P' ? lastError.at : null
}

/** How the attempt ends by the app's current evidence; null if it must wait for more. */
export function endOf(app: App, accused: Accused, refusal: Refusal, at: number): Failure | null {
  const { accusation } = accused
  if (app.state === 'secret-expired') return accusation === 'client' ? fromRefusal(refusal) : appsFault(app)
  if (isRefusedToAll(app.context, { ...accused, at })) return refusedToAll(refusal)
  if (isOwnRefusal(app.context, { ...accused, at })) return ownRefusal(app, refusal, accusation)
  return isOwnDenial(app.context, { ...accused, at }) ? ofThisGrant(app, refusal) : null
}

/** Taken literally. A general error code may be caused by the app's settings, so other settings are worth a retry. */
export function ofThisGrant(app: App, refusal: Refusal): Failure {
  return { ...fromRefusal(refusal), ...(refusal.general && { settings: app.record.generation }) }
}

/** Only this grant is refused: parked, because the same token may work again. */
export function ownRefusal(app: App, refusal: Refusal, accusation: Accused['accusation']): Failure {
  if (accusation === 'general') return ofThisGrant(app, refusal)
  return {
    ...fromRefusal(refusal),
    class: 'S',
    ...causedBy(accusation === 'client' ? 'refused_for_this_grant' : 'refused_in_unknown_words'),
    recoverable: true,
    inDoubt: false,
    settings: app.record.generation,
  }
}

function refusedToAll(refusal: Refusal): Failure {
  return {
    ...fromRefusal(refusal),
    class: 'C',
    ...causedBy('refused_in_unknown_words', 'settings'),
    inDoubt: false,
  }
}

/** Inconclusive so far. `refusal`: the grant's own refusal. */
export function inQuestion(refusal: Refusal | null, account: AccountContext, retryAfter: number): Failure {
  const known = refusedBeforeOf(account) === null ? null : (account.lastError?.providerError ?? null)
  return {
    class: 'T',
    ...causedBy('client_in_question'),
    recoverable: true,
    inDoubt: false,
    retryAfter,
    providerError: refusal?.providerError ?? known ?? { status: null, error: 'client_in_question' },
    ...(refusal?.unknownWords && { unknownWords: true }),
  }
}
