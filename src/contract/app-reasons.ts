import type { ReasonText } from '../../machines/index.ts'

const compare = 'compare the settings of the app with its registration at the provider'

/** Reasons that concern an app: at its provider (class P), or in its settings here (class C). */
export const appReasons = {
  client_secret_expired: { means: "The app's client secret has expired.", action: 'add a new client secret' },
  client_secret_wrong: {
    means: "The provider rejects the app's client secret as wrong.",
    action: 'correct the client secret',
  },
  client_assertion_rejected: {
    means: 'The provider rejects the client assertion that the app signs (`private_key_jwt`).',
    action: "renew the app's certificate",
  },
  client_not_authorized: {
    means: 'The provider does not allow this grant type for the app.',
    action: 'allow the grant type for the app at the provider',
  },
  app_not_found: {
    means: 'The app does not exist, at the provider or in tokenbus.',
    action: 'correct the client id',
    more: {
      inTenant: 'register or consent to the app in the tenant',
      here: 'put the app back, or delete the account',
    },
  },
  app_disabled: {
    means: 'The app is disabled, at the provider or here.',
    action: 'enable the app in the tenant',
    more: { here: 'enable the app here, with `enabled: true`' },
  },
  delegation_missing: {
    means: 'The domain has not delegated these scopes to the service account.',
    action:
      "ask the domain's administrator for domain-wide delegation to the service account, with these scopes",
  },
  bad_service_account: {
    means: 'The provider does not recognise the service account.',
    action: "compare clientId and serviceKey, and the account's user",
  },
  scope_rejected: {
    means: 'The provider refuses the requested scopes.',
    action: 'fix the scopes of the app',
    more: { workedBefore: 'ask the user to reconnect' },
  },
  misconfigured: {
    means: 'The settings of the app do not work with this provider.',
    action: compare,
    more: {
      redirects: 'correct the token endpoint of the app: it redirects',
      noEndpoint: 'give the app a usable {endpoint}',
      issuer: 'correct the issuer of the app',
      otherIssuer: 'correct the issuer of the app: its metadata is that of {issuer}',
    },
  },
  params_missing: {
    means: "The account lacks `params` that the app's URLs need.",
    action: 'put the account with the params that are missing',
    more: { problem: 'put the account with other params: {problem}' },
  },
  endpoint_not_allowed: {
    means: "The app's endpoint has a private or reserved address.",
    action: 'use an endpoint with a public address',
  },
  callback_rejected: {
    means: 'The response in the OAuth callback does not match the request.',
    action: 'ask the user to start again',
  },
} as const satisfies Record<string, ReasonText>
