import type { Denial } from './denial.ts'

const said = (status: number, error: string, description: string, more: object = {}): Denial => ({
  status,
  body: { error, error_description: description, ...more },
})

const invalidClient = said(401, 'invalid_client', 'Unauthorized')
const badRequest = said(400, 'invalid_request', 'Bad Request')

/** Google's refusals by meaning. */
export const googleWords = {
  /** Used for almost every reason that a grant has ended. */
  expiredOrRevoked: said(400, 'invalid_grant', 'Token has been expired or revoked.'),
  unknownToken: said(400, 'invalid_grant', 'Bad Request'),
  rapt: said(400, 'invalid_grant', 'reauth related error (invalid_rapt)', { error_subtype: 'invalid_rapt' }),
  blocked: said(400, 'admin_policy_enforced', 'Access is blocked by a policy of the organization.'),
  deleted: said(401, 'deleted_client', 'The OAuth client was deleted.'),
  disabled: said(401, 'disabled_client', 'The OAuth client was disabled.'),
  throttled: said(429, 'rateLimitExceeded', 'Rate limit exceeded'),
  notRevocable: said(400, 'invalid_token', 'Token expired or revoked'),
  client: { missing: badRequest, wrong: invalidClient, expired: invalidClient, badAssertion: invalidClient },
  serviceAccount: {
    badSignature: said(400, 'invalid_grant', 'Invalid JWT Signature.'),
    badTimes: said(
      400,
      'invalid_grant',
      'Invalid JWT: not in a reasonable timeframe, or longer than an hour.',
    ),
    unknownUser: said(400, 'invalid_grant', 'Invalid email or User ID'),
    notDelegated: said(401, 'unauthorized_client', 'Client is unauthorized for any of the scopes requested.'),
    badRequest,
  },
  /** For what the OAuth library refuses by itself. */
  inOwnWords: ({ name, code, message }: { name: string; code: number; message: string }): Denial =>
    said(code === 401 ? 401 : 400, name, message),
}
