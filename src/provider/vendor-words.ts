import type { ErrorRow, FailureClass } from './classified.ts'

const reconnect = 'ask the user to reconnect'
const signIn = 'ask the user to sign in again'
const administrator = "ask the user's administrator to allow the app"
const secret = 'fix or rotate the client secret'
const clientId = 'correct the client id'

type Row = readonly [FailureClass, reason: string, action: string]

const dead: Row = ['A', 'grant_revoked', reconnect]
const wrongSecret: Row = ['P', 'client_secret_wrong', secret]
const noClient: Row = ['P', 'app_not_found', clientId]
const throttled: Row = ['T', 'throttled', 'wait']
const away: Row = ['T', 'provider_unavailable', 'wait']

/** Words that one provider has and all others would mean alike. */
const rows: Readonly<Record<string, Row>> = {
  // developers.google.com/identity/protocols/oauth2/web-server#authorization-errors
  admin_policy_enforced: ['S', 'policy_changed', administrator],
  org_internal: ['S', 'policy_changed', administrator],
  deleted_client: ['P', 'client_rejected', 'register the app at the provider again'],
  disabled_client: ['P', 'client_rejected', 'enable the app at the provider'],
  rateLimitExceeded: throttled,
  // docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
  bad_refresh_token: dead,
  incorrect_client_credentials: wrongSecret,
  unverified_user_email: ['S', 'user_blocked', 'ask the user to verify the e-mail address'],
  // docs.slack.dev/reference/methods/oauth.v2.access and oauth.v2.exchange
  token_revoked: dead,
  invalid_refresh_token: dead,
  authorization_not_found: dead,
  account_inactive: ['S', 'user_disabled', "ask the user's administrator"],
  org_login_required: ['S', 'policy_changed', "ask the user's administrator"],
  ekm_access_denied: ['S', 'policy_changed', "ask the user's administrator"],
  bad_client_secret: wrongSecret,
  invalid_client_id: noClient,
  ratelimited: throttled,
  internal_error: away,
  fatal_error: away,
  service_unavailable: away,
  request_timeout: away,
  // community.hubspot.com and nango.dev/blog/hubspot-oauth-bad-refresh-token
  BAD_REFRESH_TOKEN: dead,
  BAD_CLIENT_ID: noClient,
  BAD_CLIENT_SECRET: wrongSecret,
  // www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
  invalid_code: dead,
  // Twitch (dev.twitch.tv/docs/authentication/refresh-tokens) and Zoom, in sentences
  invalid_client_secret: wrongSecret,
  invalid_token: ['R', 'grant_revoked', reconnect],
  // github.com/dreeveapp/dreeve/issues/1449 and /372, developers.strava.com/docs/authentication
  'RefreshToken.refresh_token.invalid': dead,
  'RefreshToken.invalid': dead,
  'Application.client_id.invalid': noClient,
  'Application.client_secret.invalid': wrongSecret,
  // developers.weixin.qq.com/doc/oplatform/en/Return_codes/Return_code_descriptions_new.html
  errcode_40030: dead,
  errcode_42002: ['A', 'inactive', reconnect],
  errcode_42007: ['A', 'password_changed', reconnect],
  errcode_61023: dead,
  errcode_40001: wrongSecret,
  errcode_40125: wrongSecret,
  errcode_40013: noClient,
  errcode_45011: throttled,
  'errcode_-1': away,
}

const toRow = ([failureClass, reason, action]: Row): ErrorRow => ({ class: failureClass, reason, action })
const toRows = <Key>(entries: readonly (readonly [Key, Row])[]): ReadonlyMap<Key, ErrorRow> =>
  new Map(entries.map(([key, row]) => [key, toRow(row)]))

export const vendorWords = toRows(Object.entries(rows))

/** Meta's numbers, of an `OAuthException`: developers.facebook.com/docs/graph-api/guides/error-handling */
export const metaCodes = toRows<number>([
  [458, ['A', 'consent_withdrawn', reconnect]],
  [459, ['S', 'user_blocked', signIn]],
  [460, ['A', 'password_changed', reconnect]],
  [463, ['A', 'inactive', reconnect]],
  [464, ['S', 'user_blocked', signIn]],
  [467, dead],
  [190, dead],
  [102, dead],
  [101, noClient],
  // Said of a wrong secret, and of what nobody knows; a control request tells.
  [1, wrongSecret],
  [2, away],
  [4, throttled],
  [17, throttled],
  [341, throttled],
])
