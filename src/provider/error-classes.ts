import { type Cause, causedBy } from '../contract/reasons.ts'
import type { ErrorRow, FailureClass } from './classified.ts'
import { microsoftCodes } from './microsoft-codes.ts'
import { metaCodes, vendorCodes } from './vendor-codes.ts'

const row = (failureClass: FailureClass, cause: Cause): ErrorRow => ({ class: failureClass, ...cause })

/** Unknown codes; repeated for a grant that worked before, they may mean that it has ended. */
export const unknownWords: ErrorRow = { ...row('T', causedBy('unknown_error')), unknownWords: true }

/** RFC 6749 §5.2, OpenID Connect Core §3.1.2.6, and providers' own codes. */
export const meaningOfError: ReadonlyMap<string, ErrorRow> = new Map([
  ...vendorCodes,
  ...Object.entries<ErrorRow>({
    invalid_grant: row('R', causedBy('grant_revoked')),
    invalid_client: row('P', causedBy('client_rejected')),
    unauthorized_client: {
      ...row('C', causedBy('client_not_authorized')),
      ifWorkedBefore: row('P', causedBy('client_not_authorized')),
    },
    invalid_scope: {
      ...row('C', causedBy('scope_rejected')),
      ifWorkedBefore: row('A', causedBy('scope_rejected', 'workedBefore')),
    },
    invalid_request: { ...row('C', causedBy('misconfigured')), ifWorkedBefore: unknownWords },
    unsupported_grant_type: { ...row('C', causedBy('misconfigured')), ifWorkedBefore: unknownWords },
    access_denied: { ...row('S', causedBy('access_denied')), general: true },
    interaction_required: { ...row('S', causedBy('interaction_required')), general: true },
    consent_required: { ...row('S', causedBy('consent_required')), general: true },
    login_required: { ...row('S', causedBy('login_required')), general: true },
    temporarily_unavailable: row('T', causedBy('provider_unavailable')),
    server_error: row('T', causedBy('provider_unavailable')),
  }),
])

/** Microsoft's `suberror`, Google's `error_subtype`, and similar fields. */
export const meaningOfSuberror: ReadonlyMap<string, ErrorRow> = new Map([
  ...vendorCodes,
  ...Object.entries<ErrorRow>({
    invalid_rapt: row('S', causedBy('reauth_required')),
    rapt_required: row('S', causedBy('reauth_required')),
    message_only: row('S', causedBy('interaction_required')),
    additional_action: row('S', causedBy('interaction_required')),
    basic_action: row('S', causedBy('interaction_required')),
    user_password_expired: row('S', causedBy('password_expired')),
    consent_required: row('S', causedBy('consent_required')),
    bad_token: row('A', causedBy('grant_revoked')),
  }),
])

/** Numeric codes. Microsoft's may change, so they only refine the textual ones. */
const microsoftRows: ReadonlyMap<number, ErrorRow> = new Map(
  microsoftCodes.flatMap(({ codes, ...meaning }) => codes.map((code) => [code, meaning] as const)),
)

/** The numeric codes that belong to this error code. */
export function meaningOfNumber(error: string): ReadonlyMap<number, ErrorRow> {
  return error === 'OAuthException' ? metaCodes : microsoftRows
}
