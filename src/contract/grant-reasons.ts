import type { ReasonText } from '../../machines/index.ts'

const reconnect = 'ask the user to reconnect'
const signIn = 'ask the user to sign in again'
const administrator = "ask the user's administrator"

/** Why a grant has ended (class A), or waits for a person (class S). */
export const grantReasons = {
  grant_revoked: { means: 'The provider says that the grant has ended, and not why.', action: reconnect },
  consent_withdrawn: {
    means: 'The user has removed the app, or has not consented to it.',
    action: reconnect,
  },
  password_changed: { means: "The user's password was changed, which ends the grant.", action: reconnect },
  max_lifetime: {
    means: 'The refresh token has reached the longest life that the provider gives it.',
    action: `${reconnect}; register the app's redirect URI as web, not as single-page`,
  },
  sessions_revoked: { means: "The user's sessions were ended, as by an administrator.", action: reconnect },
  user_not_found: { means: 'The provider knows no such user any more.', action: reconnect },
  account_hijacked: {
    means: 'The provider has closed the account because somebody else had taken it over.',
    action: 'ask the user to recover the account and reconnect',
  },
  revoked_by_operator: { means: 'The grant was ended on purpose, by `account.revoke`.', action: reconnect },
  access_denied: { means: 'The provider, or the user, said no.', action: signIn },
  interaction_required: { means: 'The provider wants to see the user.', action: signIn },
  consent_required: { means: 'The user has to consent again.', action: signIn },
  login_required: { means: "The user's session at the provider has ended.", action: signIn },
  reauth_required: {
    means: 'The organisation wants its users to sign in from time to time.',
    action: signIn,
  },
  sign_in_frequency: { means: 'The organisation limits how long a sign-in is good.', action: signIn },
  mfa_required: { means: 'The user has to prove a second factor.', action: signIn },
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
    means: 'The organisation lets only assigned users use the app.',
    action: `${administrator} to assign the user to the app`,
  },
  admin_consent_required: {
    means: 'In this organisation an administrator has to consent to the app.',
    action: `${administrator} to consent to the app`,
  },
  app_not_in_tenant: {
    means: "The app is not known in the user's tenant.",
    action: `${administrator} to add the app to the tenant`,
  },
  assertion_rejected: {
    means: 'The provider does not accept what the service account asserts for this user.',
    action: "check that the user exists and that the service account's key has not been removed",
  },
  app_changed: {
    means:
      'The app was changed since the grant last worked. At another address the grant is not sent at all.',
    action: "restore the app's token endpoint, or put the app with moveGrants: true",
  },
  refused_for_this_grant: {
    means: 'The provider rejects the app with this grant, and accepts it with others.',
    action: reconnect,
  },
  refused_in_unknown_words: {
    means: 'The provider refuses repeatedly with an unknown error code.',
    action: reconnect,
    more: { settings: 'compare the settings of the app with its registration at the provider' },
  },
} as const satisfies Record<string, ReasonText>
