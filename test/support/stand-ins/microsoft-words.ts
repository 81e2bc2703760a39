import { aadsts } from './aadsts.ts'
import type { Denial } from './denial.ts'

const badClient = { status: 401, error: 'invalid_client' }
const badRequest = { error: 'invalid_request' }
const badApp = { error: 'unauthorized_client' }
const badToken = { suberror: 'bad_token' }
const challenge = { access_token: { capolids: { essential: true, values: ['c1ca'] } } }
const anotherFactor = { suberror: 'basic_action', claims: challenge }

const removed = aadsts(700016, 'Application was not found in the directory.', badApp)
const noConsent = aadsts(65001, 'The user or administrator has not consented to use the application.', {
  suberror: 'consent_required',
})
const unknownToken = aadsts(70000, 'Provided grant is invalid or malformed.')

/** Entra ID's refusals by meaning. */
export const microsoftWords = {
  unknownToken,
  noConsent,
  removed,
  disabled: aadsts(7000112, 'Application is disabled.', badApp),
  passwordReset: aadsts(50173, 'The provided grant has expired due to it being revoked.', badToken),
  signedOut: aadsts(50133, 'Session is invalid due to expiration or recent password change.', badToken),
  userDisabled: aadsts(50057, 'The user account is disabled.'),
  mfa: aadsts(50076, 'You must use multi-factor authentication.', anotherFactor),
  mfaEnrolment: aadsts(50079, 'You must enroll in multi-factor authentication.', anotherFactor),
  conditionalAccess: aadsts(53003, 'Access has been blocked by Conditional Access policies.', {
    suberror: 'message_only',
    claims: challenge,
  }),
  idle: aadsts(700082, 'The refresh token has expired due to inactivity.'),
  tooOld: aadsts(700084, 'The refresh token has a fixed, limited lifetime, which cannot be extended.'),
  severalResources: aadsts(28000, 'The scope contains more than one resource.', { error: 'invalid_scope' }),
  unknownTenant: aadsts(90002, 'Tenant not found.', badRequest),
  needsTenant: aadsts(50194, 'The application needs a tenant-specific endpoint.', badRequest),
  client: {
    missing: aadsts(7000218, "The body must contain 'client_assertion' or 'client_secret'.", badClient),
    wrong: aadsts(7000215, 'Invalid client secret provided.', badClient),
    expired: aadsts(7000222, 'The provided client secret keys are expired.', badClient),
    badAssertion: aadsts(700027, 'Client assertion failed signature validation.', badClient),
  },
  throttled: (retryAfter: number): Denial => ({
    ...aadsts(90055, 'Too many requests.', { status: 429, error: 'temporarily_unavailable' }),
    headers: { 'retry-after': String(retryAfter) },
  }),
  /** For what the OAuth library refuses by itself. */
  inOwnWords({ name }: { name: string }): Denial {
    if (name === 'invalid_client') return removed
    if (name === 'invalid_grant') return unknownToken
    return aadsts(900144, 'The request body must contain a parameter that is missing.', badRequest)
  },
}
