import type { Reason } from '../contract/reasons.ts'

/** Who can fix it. */
export type Blame = 'user' | 'administrator' | 'app' | 'provider' | 'tokenbus'

export interface Problem {
  readonly blame: Blame
  /** The HTTP status of the page. */
  readonly status: number
  /** Sent to the caller as `error_description`. */
  readonly description: string
  /** For the operators of the app. */
  readonly action?: string
  /** The title, if several problems share it. */
  readonly title?: 'app_fault' | 'administrator_needed' | 'sign_in_refused'
  /** The page offers to try again. */
  readonly again?: true
  /** The provider's error codes for it, in the callback or the code exchange. */
  readonly words?: readonly string[]
  readonly codes?: readonly number[]
  /** The reasons of refusals that map to it, if no code is more specific. */
  readonly reasons?: readonly Reason[]
}

const ofApp = { blame: 'app', status: 400, title: 'app_fault' } as const
const ofAdministrator = { blame: 'administrator', status: 403, title: 'administrator_needed' } as const
const ofSignIn = { blame: 'user', status: 403, title: 'sign_in_refused', again: true } as const
const ofUser = { blame: 'user', status: 400, again: true } as const

/**
 * Why a consent failed, by the word in the parameter `error` of the caller's `redirectUrl`. The page's texts are
 * `consent.<word>.text` and, unless it has another title, `consent.<word>.title` in the language files. Source of the
 * numeric codes: learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */
export const problems = {
  unknown_request: {
    blame: 'user',
    status: 400,
    description: 'the link was used, has expired, or is unknown',
  },
  other_browser: { ...ofUser, description: 'the consent was started in another browser' },
  under_way: { blame: 'provider', status: 503, description: 'the consent is still being finished' },
  access_denied: {
    ...ofUser,
    description: 'the user refused',
    words: ['access_denied', 'permission_denied', 'user_cancelled_login', 'user_cancelled_authorize'],
    codes: [65004],
  },
  missing_scopes: { ...ofUser, description: 'the user did not grant all required permissions' },
  no_refresh_token: { ...ofUser, description: 'the provider issued no refresh token' },
  identity_mismatch: {
    ...ofUser,
    status: 403,
    description: 'another user signed in than the account belongs to',
  },
  callback_rejected: {
    ...ofUser,
    description: 'the callback is invalid',
    words: ['id_token_rejected'],
    reasons: ['callback_rejected'],
  },
  code_spent: {
    ...ofUser,
    description: 'the authorization code was already used or has expired',
    words: ['bad_verification_code', 'invalid_code'],
    codes: [54005, 70000, 70008, 50148, 501481],
    reasons: ['grant_revoked'],
  },
  mfa_required: {
    ...ofSignIn,
    description: 'the provider requires further authentication of the user',
    reasons: [
      'mfa_required',
      'interaction_required',
      'login_required',
      'reauth_required',
      'sign_in_frequency',
      'password_expired',
    ],
  },
  user_blocked: {
    ...ofSignIn,
    description: 'the provider has blocked or disabled the user',
    reasons: ['user_blocked', 'user_disabled'],
  },
  user_not_found: {
    ...ofSignIn,
    description: 'the user does not belong to the organization that the app is for',
    reasons: ['user_not_found'],
  },
  admin_consent_required: {
    ...ofAdministrator,
    again: true,
    description: 'an administrator of the organization has to consent to the app',
    codes: [65001, 90093],
    reasons: ['admin_consent_required', 'consent_required', 'app_not_in_tenant', 'consent_withdrawn'],
  },
  user_not_assigned: {
    ...ofAdministrator,
    description: 'the organization lets only assigned users use the app',
    reasons: ['user_not_assigned'],
  },
  tenant_blocked: {
    ...ofAdministrator,
    description: 'the network of the user blocks access to that organization',
    codes: [500021],
  },
  policy_blocked: {
    ...ofAdministrator,
    again: true,
    description: 'a policy of the organization blocks it, for example for this device',
    reasons: ['policy_changed'],
  },
  client_secret_wrong: {
    ...ofApp,
    description: 'the provider rejects the secret of the app',
    action: 'correct the client secret of the app',
    reasons: ['client_secret_wrong', 'client_rejected', 'client_assertion_rejected'],
  },
  client_secret_expired: {
    ...ofApp,
    description: 'the secret of the app has expired',
    action: 'add a new client secret to the app',
    reasons: ['client_secret_expired'],
  },
  redirect_mismatch: {
    ...ofApp,
    description: 'the redirect URL is not registered at the provider',
    action: 'register the redirect URL of `app verify` at the provider, as it is, for the platform Web',
    words: ['redirect_uri_mismatch', 'invalid_redirect_uri'],
    codes: [50011, 500113, 500117],
  },
  unknown_tenant: {
    ...ofApp,
    description: 'the provider has no such tenant',
    action: 'correct the tenant of the app',
    codes: [90002, 900023, 900971],
  },
  wrong_platform: {
    ...ofApp,
    description: 'the app is registered as a public client or single-page application',
    action: 'register its redirect URL for the platform Web, with a client secret',
    codes: [7000218, 700025, 9002327, 9002326],
  },
  app_not_found: {
    ...ofApp,
    description: 'the provider has no such app, or has disabled it',
    action: 'correct the client id of the app, or enable the app at the provider',
    words: ['invalid_client_id', 'deleted_client', 'disabled_client'],
    reasons: ['app_not_found', 'app_disabled'],
  },
  invalid_scope: {
    ...ofApp,
    description: 'the provider does not know the scopes of the app',
    action: 'correct the scopes of the app, or add them at the provider',
    reasons: ['scope_rejected'],
  },
  unauthorized_client: {
    ...ofApp,
    description: 'the app is not allowed to use this grant',
    action: 'allow the authorization code grant and these accounts for the app at the provider',
    reasons: ['client_not_authorized'],
  },
  misconfigured: {
    ...ofApp,
    description: 'the settings of the app do not fit its registration',
    action: 'compare the settings of the app with its registration at the provider',
    words: ['invalid_request', 'unsupported_response_type'],
    reasons: ['misconfigured', 'endpoint_not_allowed'],
  },
  app_disabled: { blame: 'tokenbus', status: 403, description: 'the app is disabled at the moment' },
  unknown_app: { blame: 'app', status: 400, description: 'the app was deleted' },
  provider_refused: {
    blame: 'provider',
    status: 400,
    again: true,
    description: 'the provider refused with an unknown error code',
  },
  provider_unavailable: {
    blame: 'provider',
    status: 503,
    again: true,
    description: 'the provider does not answer',
    words: ['server_error', 'temporarily_unavailable'],
  },
  not_stored: {
    blame: 'tokenbus',
    status: 503,
    again: true,
    description: 'the grant could not be stored',
  },
} as const satisfies Readonly<Record<string, Problem>>

export type ConsentProblem = keyof typeof problems
export const problemOf = (word: ConsentProblem): Problem => problems[word]
