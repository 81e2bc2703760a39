import type { ReasonText } from '../../machines/index.ts'

const reconnect = 'ask the user to reconnect'
const signIn = 'ask the user to sign in again'
const administrator = "ask the user's administrator"

/** Reasons why a grant has ended (class A), or is parked until someone acts (class S). */
export const grantReasons = {
  grant_revoked: {
    means: 'The provider says that the grant has ended, without a reason.',
    action: reconnect,
  },
  consent_withdrawn: {
    means: 'The user has removed the app, or never consented to it.',
    action: reconnect,
  },
  password_changed: { means: "The user's password was changed, which ends the grant.", action: reconnect },
  max_lifetime: {
    means: 'The refresh token has reached the maximum lifetime that the provider allows.',
    action: `${reconnect}; register the app's redirect URI as web, not as single-page`,
  },
  sessions_revoked: {
    means: "The user's sessions were ended, for example by an administrator.",
    action: reconnect,
  },
  user_not_found: { means: 'The user no longer exists at the provider.', action: reconnect },
  account_hijacked: {
    means: 'The provider has disabled the user because somebody else had taken the account over.',
    action: 'ask the user to recover the account and reconnect',
  },
  revoked_by_operator: { means: 'The grant was ended on purpose, by `account.revoke`.', action: reconnect },
  access_denied: { means: 'The provider or the user denied access.', action: signIn },
  interaction_required: { means: 'The provider requires the user to sign in interactively.', action: signIn },
  consent_required: { means: 'The user has to consent again.', action: signIn },
  login_required: { means: "The user's session at the provider has ended.", action: signIn },
  reauth_required: {
    means: 'The organisation requires its users to sign in again periodically.',
    action: signIn,
  },
  sign_in_frequency: { means: 'The organisation limits how long a sign-in is valid.', action: signIn },
  mfa_required: { means: 'The user has to complete multi-factor authentication.', action: signIn },
  password_expired: {
    means: "The user's password has expired at the provider.",
    action: 'ask the user to change the password',
  },
  policy_changed: {
    means: "A policy of the user's organisation does not allow the app.",
    action: administrator,
    more: {
      allow: `${administrator} to allow the app`,
      conditionalAccess: `${administrator} about conditional access`,
    },
  },
  user_blocked: {
    means: 'The provider has blocked the user.',
    action: `${administrator} to unblock the user`,
    more: { signIn, verifyEmail: 'ask the user to verify the e-mail address' },
  },
  user_disabled: {
    means: 'The user is disabled at the provider.',
    action: `${administrator} to enable the user`,
    more: { administrator, byUser: 'ask the user to have the account enabled again' },
  },
  user_not_assigned: {
    means: 'Only users assigned to the app may use it in this organisation.',
    action: `${administrator} to assign the user to the app`,
  },
  admin_consent_required: {
    means: 'An administrator of the organisation has to consent to the app.',
    action: `${administrator} to consent to the app`,
  },
  app_not_in_tenant: {
    means: "The app does not exist in the user's tenant.",
    action: `${administrator} to add the app to the tenant`,
  },
  assertion_rejected: {
    means: 'The provider rejects the signed assertion of the service account for this user.',
    action: "check that the user exists and that the service account's key has not been removed",
  },
  app_changed: {
    means:
      'The settings of the app have changed since the grant last worked. The grant is never sent to another origin.',
    action: "restore the app's token endpoint, or put the app with moveGrants: true",
    more: { settings: "restore the app's {settings}, or ask the user to reconnect" },
  },
  refused_for_this_grant: {
    means: 'The provider rejects the client with this grant, but accepts it with other grants.',
    action: reconnect,
  },
  refused_in_unknown_words: {
    means: 'The provider refuses repeatedly with an error code that tokenbus does not know.',
    action: reconnect,
    more: { settings: 'compare the settings of the app with its registration at the provider' },
  },
} as const satisfies Record<string, ReasonText>
