import type { ReasonText } from '../../machines/index.ts'

const compare = 'compare the settings of the app with its registration at the provider'

/** What is wrong with an app, at its provider (class P) or in its settings here (class C). */
export const appReasons = {
  client_secret_expired: { means: "The app's client secret has expired.", action: 'add a new client secret' },
  client_secret_wrong: {
    means: "The provider does not know the app's client secret.",
    action: 'correct the client secret',
  },
  client_assertion_rejected: {
    means: 'The provider does not accept what the app signs to prove itself.',
    action: "renew the app's certificate",
  },
  client_not_authorized: {
    means: 'The provider does not let the app use this grant type.',
    action: 'allow the grant type for the app at the provider',
  },
  app_not_found: {
    means: 'There is no such app, at the provider or here.',
    action: 'correct the client id',
    more: {
      inTenant: 'register or consent to the app in the tenant',
      here: 'put the app back, or delete the account',
    },
  },
  app_disabled: { means: 'The app is disabled at the provider.', action: 'enable the app in the tenant' },
  delegation_missing: {
    means: 'The domain has not delegated these scopes to the service account.',
    action:
      "ask the domain's administrator for domain-wide delegation to the service account, with these scopes",
  },
  bad_service_account: {
    means: 'The provider cannot make out the service account.',
    action: "compare clientId and serviceKey, and the account's user",
  },
  scope_rejected: {
    means: 'The provider does not give the scopes that were asked for.',
    action: 'fix the scopes of the app',
    more: { workedBefore: 'ask the user to reconnect' },
  },
  misconfigured: {
    means: 'The settings of the app cannot work with this provider.',
    action: compare,
    more: { redirects: 'correct the token endpoint of the app: it redirects' },
  },
  params_missing: {
    means: "The account does not say what the app's URLs need of it.",
    action: 'put the account with the params that are missing',
  },
  endpoint_not_allowed: {
    means: "The app's endpoint is at an address that is not of the public internet.",
    action: 'use an endpoint with a public address',
  },
  callback_rejected: {
    means: 'The browser came back from the provider with something that does not fit its request.',
    action: 'ask the user to start again',
  },
} as const satisfies Record<string, ReasonText>
