import type { Seen, ServingDecision } from '../../machines/index.ts'
import { fail, type Result } from '../contract/failures.ts'
import { causedBy } from '../contract/reasons.ts'

/** Maps why there is no token to a failure of the contract. */
export function failureOf(
  account: string,
  { state, context }: Seen,
  decision: Exclude<ServingDecision, { kind: 'token' } | { kind: 'wait' }>,
): Result<never> {
  const { reason, recoverable, action, providerError } = context.invalid ?? {}
  const why = {
    account,
    state,
    ...(reason && { reason }),
    ...(recoverable !== undefined && { recoverable }),
    ...(action && { action }),
    ...(providerError?.claims && { claims: providerError.claims }),
  }
  switch (decision.kind) {
    case 'absent':
      return fail('account_not_found', 'there is no such account', { account })
    case 'grant_revoked':
      return fail('grant_revoked', 'the grant has ended', why)
    case 'client_secret_expired':
      return fail('client_secret_expired', "the provider rejects the app's credentials", why)
    case 'invalid_config':
      return fail('invalid_config', "the provider rejects the app's configuration", {
        ...why,
        ...(context.lastError && { reason: context.lastError.reason, action: context.lastError.action }),
      })
    case 'refused': {
      const { reason: word, action: todo } = decision.refused
      return fail('invalid_config', 'scopes: the provider refuses them to this grant', {
        account,
        state,
        reason: word,
        action: todo,
      })
    }
    case 'needs_subject':
      return fail('bad_request', 'subjectToken: required for an account of this app', { account })
    case 'withheld':
      return fail(
        'provider_unavailable',
        'an API answered 401 to this token, and the provider has no newer one',
        {
          account,
          state,
          ...causedBy('token_rejected', 'heldBack'),
          recoverable: true,
          retryAfter: Math.max(1, Math.ceil(decision.retryAfter / 1_000)),
        },
      )
    case 'provider_unavailable':
      return fail('provider_unavailable', 'the provider cannot be reached', {
        ...why,
        ...(context.lastError && { reason: context.lastError.reason }),
        retryAfter: Math.max(1, Math.ceil(decision.retryAfter / 1_000)),
      })
  }
}
