/** The code word of a failure: the HTTP-like number that goes with it on every wire, when it is answered, and what helps. */
const failureWords = {
  bad_request: {
    status: 400,
    means: 'The payload or the id is malformed; the message names the field and its rule.',
    action: 'correct the request',
  },
  unauthorized: {
    status: 401,
    means: 'HTTP only: there is no API token with the request, or it is not good.',
    action: 'send `Authorization: Bearer <API token>`, or make a new API token',
  },
  forbidden: {
    status: 403,
    means: 'HTTP only: the API token is not for this account, this app or this kind of request.',
    action: 'use an API token with the scope and the accounts that the message names',
  },
  token_api_disabled: {
    status: 403,
    means: 'HTTP only: tokens are not served over HTTP here.',
    action: 'set `TOKENBUS_ENABLE_TOKEN_API=true`, or ask over NATS',
  },
  not_found: { status: 404, means: 'There is nothing of this name.', action: 'check the name' },
  request_timeout: {
    status: 408,
    means: 'HTTP only: the request did not arrive whole in time.',
    action: 'send it again',
  },
  payload_too_large: { status: 413, means: 'HTTP only: the body is too large.', action: 'send less' },
  rate_limited: {
    status: 429,
    means: 'The caller asks too often, or was refused too often.',
    action: 'ask again after `retryAfter` seconds',
  },
  headers_too_large: { status: 431, means: 'HTTP only: the headers are too large.', action: 'send less' },
  account_not_found: { status: 404, means: 'There is no such account.', action: 'put it, or check the id' },
  app_not_found: { status: 404, means: 'There is no such app.', action: 'put it, or check the id' },
  grant_revoked: {
    status: 403,
    means: 'The account is `revoked`; its reason and action are in the answer.',
    action: 'do what the action says, mostly have the user connect again',
  },
  conflict: {
    status: 409,
    means:
      'The write was meant for another version (`ifVersion`, `ifGeneration`), or the app has accounts or is being deleted.',
    action: 'read it again and decide anew',
  },
  precondition_failed: {
    status: 412,
    means: 'HTTP only: the same for a write with `If-Match` or `If-None-Match`.',
    action: 'read it again and decide anew',
  },
  invalid_config: {
    status: 422,
    means: 'The app or the account cannot be used as it is; the message names the field.',
    action: 'correct the app or the account; `tokenbus app verify` shows more',
  },
  client_secret_expired: {
    status: 503,
    means: "The provider rejects the app's credentials, and the token has run out.",
    action: 'add a secret to the app; no user has to sign in again',
  },
  provider_unavailable: {
    status: 503,
    means:
      'The token has run out and the provider cannot be asked now, or an API has refused the token and no other is to be had.',
    action: 'ask again after `retryAfter` seconds',
  },
  storage_unavailable: {
    status: 503,
    means:
      'Redis cannot be reached, is full or read-only, or came back without its data; the message says which. Tokens that can be proven good are served, but in the last case.',
    action: 'mend Redis; tokenbus goes on by itself',
  },
  storage_tampered: {
    status: 500,
    means: 'What Redis holds of this was changed without the sealing keys. Nothing is sent for it.',
    action: 'find out who writes to Redis, and restore or delete the record',
  },
  history_unavailable: {
    status: 503,
    means: 'JetStream cannot be reached.',
    action: 'mend NATS; tokens are served meanwhile',
  },
  refresh_timeout: {
    status: 504,
    means: 'The refresh took longer than a caller waits, 4 s. It goes on.',
    action: 'ask again',
  },
} as const

export type FailureWord = keyof typeof failureWords

type Statuses = { readonly [Word in FailureWord]: (typeof failureWords)[Word]['status'] }

export const failureStatus = Object.fromEntries(
  Object.entries(failureWords).map(([word, { status }]) => [word, status]),
) as Statuses

/** With the word of what nobody expects, and which is therefore none of a `Failure`. */
export const answeredWords = {
  ...failureWords,
  internal_error: {
    status: 500,
    means: 'A fault of tokenbus.',
    action: 'report what the log of the node says',
  },
} as const
