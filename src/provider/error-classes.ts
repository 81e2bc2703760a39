import type { ErrorRow, FailureClass } from './classified.ts'
import { microsoftCodes } from './microsoft-codes.ts'
import { metaCodes, vendorWords } from './vendor-words.ts'

const row = (failureClass: FailureClass, reason: string, action: string): ErrorRow => ({
  class: failureClass,
  reason,
  action,
})

const reconnect = 'ask the user to reconnect'
const signIn = 'ask the user to sign in again'
const compare = 'compare the settings of the app with its registration at the provider'

/** Words nobody knows; from a grant that worked before, they may come to mean that it does no longer. */
export const unknownWords: ErrorRow = { ...row('T', 'unknown_error', 'wait'), unknownWords: true }

/** RFC 6749 §5.2, OpenID Connect Core §3.1.2.6, and the words single providers use. */
export const errorWords: ReadonlyMap<string, ErrorRow> = new Map([
  ...vendorWords,
  ...Object.entries<ErrorRow>({
    invalid_grant: row('R', 'grant_revoked', reconnect),
    invalid_client: row('P', 'client_rejected', 'fix or rotate the client secret'),
    unauthorized_client: {
      ...row('C', 'client_not_authorized', 'allow the grant type for the app at the provider'),
      ifWorkedBefore: row('P', 'client_not_authorized', 'allow the grant type for the app at the provider'),
    },
    invalid_scope: {
      ...row('C', 'scope_rejected', 'fix the scopes of the app'),
      ifWorkedBefore: row('A', 'scope_rejected', reconnect),
    },
    invalid_request: { ...row('C', 'misconfigured', compare), ifWorkedBefore: unknownWords },
    unsupported_grant_type: { ...row('C', 'misconfigured', compare), ifWorkedBefore: unknownWords },
    access_denied: { ...row('S', 'access_denied', signIn), general: true },
    interaction_required: { ...row('S', 'interaction_required', signIn), general: true },
    consent_required: { ...row('S', 'consent_required', signIn), general: true },
    login_required: { ...row('S', 'login_required', signIn), general: true },
    temporarily_unavailable: row('T', 'provider_unavailable', 'wait'),
    server_error: row('T', 'provider_unavailable', 'wait'),
  }),
])

/** Microsoft's `suberror`, Google's `error_subtype`, and what others say beside a general `error`. */
export const suberrorWords: ReadonlyMap<string, ErrorRow> = new Map([
  ...vendorWords,
  ...Object.entries<ErrorRow>({
    invalid_rapt: row('S', 'reauth_required', signIn),
    rapt_required: row('S', 'reauth_required', signIn),
    message_only: row('S', 'interaction_required', signIn),
    additional_action: row('S', 'interaction_required', signIn),
    basic_action: row('S', 'interaction_required', signIn),
    user_password_expired: row('S', 'password_expired', 'ask the user to change the password'),
    consent_required: row('S', 'consent_required', signIn),
    bad_token: row('A', 'grant_revoked', reconnect),
  }),
])

/** By number. Microsoft says its numbers change, so they only refine what the words say. */
const microsoftRows: ReadonlyMap<number, ErrorRow> = new Map(
  microsoftCodes.flatMap(({ codes, ...meaning }) => codes.map((code) => [code, meaning] as const)),
)

/** The provider codes that come with this error word. */
export function errorCodes(error: string): ReadonlyMap<number, ErrorRow> {
  return error === 'OAuthException' ? metaCodes : microsoftRows
}
