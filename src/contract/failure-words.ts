/** The code words of failures: the HTTP-like status, when it occurs, and the action. */
const failureWords = {
  bad_request: {
    status: 400,
    means: 'The payload or the id is malformed. The message names the field and the rule.',
    action: 'correct the request',
  },
  unauthorized: {
    status: 401,
    means: 'HTTP only: the API token is missing, unknown, revoked or expired.',
    action: 'send `Authorization: Bearer <API token>`, or create a new API token',
  },
  forbidden: {
    status: 403,
    means: 'HTTP only: the API token does not cover this account, this app or this kind of request.',
    action: 'use an API token with the scope and the accounts that the message names',
  },
  token_api_disabled: {
    status: 403,
    means: 'HTTP only: this deployment does not serve tokens over HTTP.',
    action: 'set `TOKENBUS_ENABLE_TOKEN_API=true`, or ask over NATS',
  },
  not_found: { status: 404, means: 'No route or record has this name.', action: 'check the name' },
  request_timeout: {
    status: 408,
    means: 'HTTP only: the request was not received completely in time.',
    action: 'send it again',
  },
  payload_too_large: { status: 413, means: 'HTTP only: the body is too large.', action: 'send less' },
  rate_limited: {
    status: 429,
    means: 'The caller sends too many requests, or too many of them failed to authenticate.',
    action: 'retry after `retryAfter` seconds',
  },
  headers_too_large: { status: 431, means: 'HTTP only: the headers are too large.', action: 'send less' },
  account_not_found: {
    status: 404,
    means: 'The account does not exist.',
    action: 'create the account, or check the id',
  },
  app_not_found: { status: 404, means: 'The app does not exist.', action: 'create the app, or check the id' },
  grant_revoked: {
    status: 403,
    means: 'The account is `revoked`. The reply has the reason and the action.',
    action: 'follow the action, usually: ask the user to reconnect',
  },
  app_disabled: {
    status: 403,
    means:
      'The app of the account is disabled (`enabled: false`). Its grants are kept, and nothing is refreshed.',
    action: 'enable the app; no user has to sign in again',
  },
  conflict: {
    status: 409,
    means:
      'The record has another version than the write requires (`ifVersion`, `ifGeneration`), or the app has accounts or is being deleted.',
    action: 'read the record again and repeat the change on it',
  },
  precondition_failed: {
    status: 412,
    means: 'HTTP only: `If-Match` or `If-None-Match` of the write does not hold.',
    action: 'read the record again and repeat the change on it',
  },
  invalid_config: {
    status: 422,
    means: 'The app or the account cannot be used with its settings. The message names the field.',
    action: 'correct the app or the account; `tokenbus app verify` shows more',
  },
  client_secret_expired: {
    status: 503,
    means: "The provider rejects the app's credentials, and the token has expired.",
    action: 'add a new client secret to the app; users need not sign in again',
  },
  provider_unavailable: {
    status: 503,
    means:
      'The token has expired and the provider cannot be reached at the moment, or an API has rejected the token and the provider has no newer one.',
    action: 'retry after `retryAfter` seconds',
  },
  storage_unavailable: {
    status: 503,
    means:
      'Redis cannot be reached, is full, is read-only, or has lost its data; the message says which. Except in the last case, cached tokens are served until they expire.',
    action: 'repair Redis; tokenbus recovers by itself',
  },
  storage_tampered: {
    status: 500,
    means:
      'The record in Redis was changed by something other than tokenbus. Nothing is sent to the provider for it.',
    action: 'find out what else writes to Redis, and restore or delete the record',
  },
  history_unavailable: {
    status: 503,
    means: 'JetStream cannot be reached.',
    action: 'repair NATS; tokens are served meanwhile',
  },
  refresh_timeout: {
    status: 504,
    means: 'The refresh took longer than the 4 s that a caller waits. It continues in the background.',
    action: 'retry',
  },
} as const

export type FailureWord = keyof typeof failureWords

type Statuses = { readonly [Word in FailureWord]: (typeof failureWords)[Word]['status'] }

export const failureStatus = Object.fromEntries(
  Object.entries(failureWords).map(([word, { status }]) => [word, status]),
) as Statuses

/** Including the word for unexpected errors, which is not one of `Failure`. */
export const answeredWords = {
  ...failureWords,
  internal_error: {
    status: 500,
    means: 'A bug in tokenbus.',
    action: 'report it, with the stack trace from the log of the node',
  },
} as const
