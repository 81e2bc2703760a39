import type { Refusal } from '../../src/provider/classified.ts'

const said = (
  status: number | null,
  error: string,
  refusal: Partial<Refusal> & Pick<Refusal, 'class' | 'reason'>,
): Refusal => ({
  action: 'wait',
  recoverable: refusal.class !== 'R',
  sent: true,
  inDoubt: false,
  providerError: { status, error },
  ...refusal,
})

/** Failures of a token endpoint, or of the connection to it. */
export const refusals = {
  invalidGrant: said(400, 'invalid_grant', { class: 'R', reason: 'grant_revoked', action: 'reconnect' }),
  invalidClient: said(401, 'invalid_client', { class: 'P', reason: 'client_rejected', action: 'fix it' }),
  /** With an error code that some providers use for a user, and others for a client. */
  accessDenied: said(403, 'access_denied', {
    class: 'S',
    reason: 'access_denied',
    action: 'ask the user to reconnect',
    general: true,
  }),
  unavailable: said(503, 'http_503', { class: 'T', reason: 'provider_unavailable' }),
  throttled: said(429, 'http_429', { class: 'T', reason: 'throttled', retryAfter: 20 }),
  unsent: said(null, 'ECONNREFUSED', { class: 'T', reason: 'unreachable', sent: false }),
  lost: said(null, 'answer_timeout', { class: 'T', reason: 'answer_timeout', inDoubt: true }),
}
