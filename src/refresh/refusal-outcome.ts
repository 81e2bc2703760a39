import {
  type AccountContext,
  isGrantOnly,
  isRefusedToAll,
  isSingleGeneralRefusal,
} from '../../machines/index.ts'
import type { App } from '../actors/app-actor.ts'
import { appsFault, type Failure, fromRefusal } from '../actors/attempt-failure.ts'
import { causedBy } from '../contract/reasons.ts'
import type { Refusal } from '../provider/classified.ts'
import { type ClientEvidence, type EvidenceKind, refusedBeforeOf } from './client-evidence.ts'

/** How a refused attempt ends by the app's current evidence; null if it must wait for more. */
export function outcomeBy(app: App, evidence: ClientEvidence, refusal: Refusal, at: number): Failure | null {
  const { accusation: kind } = evidence
  if (app.state === 'secret-expired') return kind === 'client' ? fromRefusal(refusal) : appsFault(app)
  if (isRefusedToAll(app.context, { ...evidence, at })) return refusedToAll(refusal)
  if (isGrantOnly(app.context, { ...evidence, at })) return parkedFailure(app, refusal, kind)
  return isSingleGeneralRefusal(app.context, { ...evidence, at }) ? literalFailure(app, refusal) : null
}

/** The error code taken literally. A general one may be caused by the app's settings, so other settings are worth a retry. */
export function literalFailure(app: App, refusal: Refusal): Failure {
  return { ...fromRefusal(refusal), ...(refusal.general && { settings: app.record.generation }) }
}

/** Only this grant is refused: parked, because the same token may work again. */
export function parkedFailure(app: App, refusal: Refusal, kind: EvidenceKind): Failure {
  if (kind === 'general') return literalFailure(app, refusal)
  return {
    ...fromRefusal(refusal),
    class: 'S',
    ...causedBy(kind === 'client' ? 'refused_for_this_grant' : 'refused_in_unknown_words'),
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

/** There is no conclusive evidence yet. `refusal`: the grant's own refusal. */
export function inconclusiveFailure(
  refusal: Refusal | null,
  account: AccountContext,
  retryAfter: number,
): Failure {
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
