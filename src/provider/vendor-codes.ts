import { type Cause, causedBy } from '../contract/reasons.ts'
import type { ErrorRow, FailureClass } from './classified.ts'

type Row = readonly [FailureClass, Cause]

const dead: Row = ['A', causedBy('grant_revoked')]
const wrongSecret: Row = ['P', causedBy('client_secret_wrong')]
const noClient: Row = ['P', causedBy('app_not_found')]
const throttled: Row = ['T', causedBy('throttled')]
const away: Row = ['T', causedBy('provider_unavailable')]

/** Error codes of single providers that would have the same meaning at any other. */
const rows: Readonly<Record<string, Row>> = {
  // developers.google.com/identity/protocols/oauth2/web-server#authorization-errors
  admin_policy_enforced: ['S', causedBy('policy_changed', 'allow')],
  org_internal: ['S', causedBy('policy_changed', 'allow')],
  deleted_client: ['P', causedBy('client_rejected', 'registerAgain')],
  disabled_client: ['P', causedBy('client_rejected', 'enable')],
  rateLimitExceeded: throttled,
  // docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
  bad_refresh_token: dead,
  incorrect_client_credentials: wrongSecret,
  unverified_user_email: ['S', causedBy('user_blocked', 'verifyEmail')],
  // docs.slack.dev/reference/methods/oauth.v2.access and oauth.v2.exchange
  token_revoked: dead,
  invalid_refresh_token: dead,
  authorization_not_found: dead,
  account_inactive: ['S', causedBy('user_disabled', 'administrator')],
  org_login_required: ['S', causedBy('policy_changed')],
  ekm_access_denied: ['S', causedBy('policy_changed')],
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
  // Sentences of Twitch (dev.twitch.tv/docs/authentication/refresh-tokens) and Zoom
  invalid_client_secret: wrongSecret,
  invalid_token: ['R', causedBy('grant_revoked')],
  // github.com/dreeveapp/dreeve/issues/1449 and /372, developers.strava.com/docs/authentication
  'RefreshToken.refresh_token.invalid': dead,
  'RefreshToken.invalid': dead,
  'Application.client_id.invalid': noClient,
  'Application.client_secret.invalid': wrongSecret,
  // developers.weixin.qq.com/doc/oplatform/en/Return_codes/Return_code_descriptions_new.html
  errcode_40030: dead,
  errcode_42002: ['A', causedBy('inactive')],
  errcode_42007: ['A', causedBy('password_changed')],
  errcode_61023: dead,
  errcode_40001: wrongSecret,
  errcode_40125: wrongSecret,
  errcode_40013: noClient,
  errcode_45011: throttled,
  'errcode_-1': away,
}

const toRow = ([failureClass, cause]: Row): ErrorRow => ({ class: failureClass, ...cause })
const toRows = <Key>(entries: readonly (readonly [Key, Row])[]): ReadonlyMap<Key, ErrorRow> =>
  new Map(entries.map(([key, row]) => [key, toRow(row)]))

export const vendorCodes = toRows(Object.entries(rows))

/** Meta's numeric codes of an `OAuthException`: developers.facebook.com/docs/graph-api/guides/error-handling */
export const metaCodes = toRows<number>([
  [458, ['A', causedBy('consent_withdrawn')]],
  [459, ['S', causedBy('user_blocked', 'signIn')]],
  [460, ['A', causedBy('password_changed')]],
  [463, ['A', causedBy('inactive')]],
  [464, ['S', causedBy('user_blocked', 'signIn')]],
  [467, dead],
  [190, dead],
  [102, dead],
  [101, noClient],
  // Used for a wrong secret and for unknown errors; a control distinguishes them.
  [1, wrongSecret],
  [2, away],
  [4, throttled],
  [17, throttled],
  [341, throttled],
])
