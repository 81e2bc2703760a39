import {
  type AccountContext,
  type ClientRejected,
  fewestRefusals,
  isBaselineConclusive,
} from '../../machines/index.ts'
import type { App } from '../actors/app-actor.ts'
import { isLackedByOne } from '../actors/attempt-failure.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { answerKey } from './answer-key.ts'

/** A refusal as evidence for the circuit of its app. */
export type ClientEvidence = Omit<ClientRejected, 'type' | 'at' | 'id'>

/** Whether the refusal names the client, may concern it (`general`), or has an `unknown` error code. */
export type EvidenceKind = ClientEvidence['accusation']

export interface RefusedAccount {
  readonly refusal: Refusal
  readonly config: AppConfig
  readonly account: AccountContext
  readonly app: App
  readonly at: number
}

/** Null if the refusal concerns the grant only, so that it is no evidence about the client. */
export function evidenceKindOf({ refusal, config, account, app, at }: RefusedAccount): EvidenceKind | null {
  if (refusal.class === 'P') return isLackedByOne(refusal, config) ? null : 'client'
  if ((refusal.general || refusal.unknownWords) && equalsWrongSecret(app, refusal)) return 'client'
  if (refusal.general) return 'general'
  if (!refusal.unknownWords || account.lastRefreshedAt === null) return null
  return app.context.question !== null || isRepeated(account.unknownWords, at) ? 'unknown' : null
}

/** True if the refusal equals the baseline of a dummy secret, and differs from that of the app's own. */
function equalsWrongSecret({ context, endpoint }: App, refusal: Refusal): boolean {
  return isBaselineConclusive(context, { endpoint }) && context.baseline?.madeUpSecret === answerKey(refusal)
}

/** Including the current refusal. */
function isRepeated(earlier: AccountContext['unknownWords'], at: number): boolean {
  if (earlier === null) return false
  return earlier.count + 1 >= fewestRefusals.count && at - earlier.since >= fewestRefusals.over
}

const attributedToGrant = new Set(['refused_for_this_grant', 'refused_in_unknown_words'])

/** True for a parked grant whose refusal was found to concern it alone: a probe does not establish that again. */
export function isAttributedToGrant({ invalid }: AccountContext): boolean {
  return invalid?.state === 'revoked' && attributedToGrant.has(invalid.reason)
}

/** When the grant was last refused in a way that may concern its client, also while the app was down; null if never. */
export function refusedBeforeOf({ lastError }: AccountContext): number | null {
  if (lastError === null || lastError.providerError.status === null) return null
  return lastError.reason === 'client_in_question' || lastError.class === 'P' ? lastError.at : null
}
