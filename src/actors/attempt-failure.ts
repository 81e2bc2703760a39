import { type RefreshFailed, refusedAt } from '../../machines/index.ts'
import { type Cause, causedBy } from '../contract/reasons.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { isFilledPerAccount } from '../provider/url-params.ts'
import type { App } from './stored-settings.ts'

/** The outcome of an attempt without tokens, as an event of its account. */
export type Failure = Omit<RefreshFailed, 'type' | 'at' | 'id' | 'attempt' | 'baseGeneration'>

/** Nothing was sent. `retryAfter` in milliseconds. */
export function unsent(
  failureClass: 'A' | 'C' | 'T',
  cause: Cause,
  retryAfter: number | null = null,
): Failure {
  return {
    class: failureClass,
    ...cause,
    recoverable: failureClass !== 'A',
    inDoubt: false,
    retryAfter,
    providerError: { status: null, error: cause.reason },
  }
}

/** The failure that opened the circuit of the app, or of this endpoint if each account has its own. */
export function appsFault({ context, endpoint }: Pick<App, 'context' | 'endpoint'>): Failure {
  const lastError = refusedAt(context, endpoint)?.error ?? context.lastError
  return {
    class: 'P',
    ...causedBy('client_rejected'),
    ...(lastError && { reason: lastError.reason, action: lastError.action }),
    recoverable: true,
    inDoubt: false,
    retryAfter: null,
    providerError: lastError?.providerError ?? { status: null, error: 'invalid_client' },
  }
}

export function fromRefusal({
  class: refusalClass,
  reason,
  action,
  recoverable,
  ...refusal
}: Refusal): Failure {
  return {
    class: refusalClass,
    reason,
    action,
    recoverable,
    ...(refusal.inferred && { inferred: true as const }),
    inDoubt: refusal.inDoubt,
    retryAfter: refusal.retryAfter === undefined ? null : refusal.retryAfter * 1_000,
    providerError: refusal.providerError,
    ...(refusal.unknownWords && { unknownWords: true as const }),
  }
}

/** A refusal about the grant or a delegation implies that the client was accepted (RFC 6749 §5.2). */
export function impliesAcceptedClient({ class: refusalClass, reason, general }: Refusal): boolean {
  return ('ARS'.includes(refusalClass) && !general) || reason === 'delegation_missing'
}

/** True if another secret may be accepted (RFC 6749 §5.2, and providers' own error codes). */
export function isSecretRefused({ reason, providerError: { error } }: Refusal): boolean {
  return error === 'invalid_client' || reason === 'client_secret_wrong'
}

const ofManyTenants = new Set(['common', 'organizations', 'consumers'])
const ofOneTenant = new Set(['app_not_found', 'app_disabled'])

/**
 * True if the failure concerns one domain, one tenant of a multi-tenant app, or one account's endpoint only, whose
 * administrator has to act: other accounts of the app are not affected.
 */
export function isLackedByOne({ reason, class: refusalClass }: Refusal, config: AppConfig): boolean {
  const { tenant = '' } = config
  if (refusalClass === 'P' && isFilledPerAccount(config)) return true
  return reason === 'delegation_missing' || (ofOneTenant.has(reason) && ofManyTenants.has(tenant))
}
