// Written by `npm run client-types` from src/contract.

/** A valid access token. A newer one of the same account has a higher `generation`; times are ISO 8601. */
export interface Token {
  /** the account that was asked for */
  readonly account: string
  /** the user who granted access, as the provider names them */
  readonly user: string
  /** for `Authorization: Bearer` (RFC 6750) */
  readonly accessToken: string
  /** as the app was put */
  readonly provider: string
  /** the app that the grant was given to */
  readonly app: string
  /** the scopes that were granted */
  readonly registeredScopes: readonly string[]
  /** null if the token has no known expiry */
  readonly expires: string | null
  /** counts the tokens of the account; `token.reject` names it */
  readonly generation: number
  /** fields of the provider's token responses that the app keeps */
  readonly extra?: { readonly [name: string]: string | number | boolean }
  /** the version of the account, as in its events */
  readonly version: number
  /** when the account entered its state */
  readonly since: string
  /** the token is valid for less than minValidity; otherwise absent */
  readonly minValidityMet?: false
  /** a newer token was requested, and this is not one; otherwise absent */
  readonly refreshed?: false
}

/** The account has a newer access token. */
export interface TokenRefreshed {
  readonly type: 'token.refreshed'
  /** the same in every delivery: drop repeats by it */
  readonly id: string
  /** when it happened, in the time of the cluster */
  readonly time: string
  /** of the account or the app; what is not newer is old */
  readonly version: number
  /** the event exceeded the server's limit: lists are empty and long texts left out; a transition lacks `event`, `effects` and `snapshot` */
  readonly truncated?: true
  readonly account: string
  /** the app that the grant was given to */
  readonly app: string
  /** as the app was put */
  readonly provider: string
  /** the user who granted access */
  readonly user: string
  /** the state it led to */
  readonly state: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired'
  /** the state of the account at its last event; null at its first */
  readonly previousState: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired' | null
  /** counts the tokens of the account */
  readonly generation: number
  /** when the new token expires; null if the provider does not say */
  readonly expires: string | null
  /** the scopes that were granted */
  readonly registeredScopes: readonly string[]
  /** the previous user, if the account now belongs to another person */
  readonly previousUser?: string
}

/** The account no longer has a token: the reason, and what to do. */
export interface TokenInvalid {
  readonly type: 'token.invalid'
  /** the same in every delivery: drop repeats by it */
  readonly id: string
  /** when it happened, in the time of the cluster */
  readonly time: string
  /** of the account or the app; what is not newer is old */
  readonly version: number
  /** the event exceeded the server's limit: lists are empty and long texts left out; a transition lacks `event`, `effects` and `snapshot` */
  readonly truncated?: true
  readonly account: string
  /** the app that the grant was given to */
  readonly app: string
  /** as the app was put */
  readonly provider: string
  /** the user who granted access */
  readonly user: string
  /** the state it led to */
  readonly state: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired'
  /** the state of the account at its last event; null at its first */
  readonly previousState: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired' | null
  /** counts the tokens of the account */
  readonly generation: number
  /** an error catalogue reason (`tokenbus explain`), or an operator’s own word */
  readonly reason: string
  /** A: the grant has ended. S: it waits for a person. P: it waits for its app */
  readonly class: 'A' | 'S' | 'P'
  /** the same grant may work again */
  readonly recoverable: boolean
  /** what to do, in a sentence */
  readonly action: string
  /** the reason is a guess, from the history of the account */
  readonly inferred?: boolean
  /** reported by an API or a security event, not by the token endpoint */
  readonly reported?: boolean
  /** the error codes of the provider (RFC 6749 §5.2), never its free text */
  readonly providerError: {
    /** HTTP status of the response; null if there was none */
    readonly status: number | null
    /** `error` of RFC 6749 §5.2, or a word for a missing response */
    readonly error: string
    /** Microsoft's `suberror`, Google's `error_subtype` and the like */
    readonly suberror?: string
    /** the provider's numeric codes */
    readonly codes?: readonly number[]
    /** the claims to satisfy when signing in again, as JSON */
    readonly claims?: string
  }
}

/** The account was deleted. */
export interface AccountRemoved {
  readonly type: 'account.removed'
  /** the same in every delivery: drop repeats by it */
  readonly id: string
  /** when it happened, in the time of the cluster */
  readonly time: string
  /** of the account or the app; what is not newer is old */
  readonly version: number
  /** the event exceeded the server's limit: lists are empty and long texts left out; a transition lacks `event`, `effects` and `snapshot` */
  readonly truncated?: true
  readonly account: string
  readonly app?: string
  readonly user?: string
}

/** The body of the reply to a request that failed. */
export interface Failure {
  readonly error:
    | 'bad_request'
    | 'unauthorized'
    | 'forbidden'
    | 'token_api_disabled'
    | 'not_found'
    | 'request_timeout'
    | 'payload_too_large'
    | 'rate_limited'
    | 'headers_too_large'
    | 'account_not_found'
    | 'app_not_found'
    | 'grant_revoked'
    | 'app_disabled'
    | 'conflict'
    | 'precondition_failed'
    | 'invalid_config'
    | 'client_secret_expired'
    | 'provider_unavailable'
    | 'storage_unavailable'
    | 'storage_tampered'
    | 'history_unavailable'
    | 'refresh_timeout'
    | 'internal_error'
  readonly message: string
  readonly account?: string
  readonly state?: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired'
  readonly reason?: string
  readonly recoverable?: boolean
  readonly action?: string
  /** the user the account belongs to, with reason identity_mismatch */
  readonly user?: string
  /** the claims the user must satisfy when signing in again, as JSON */
  readonly claims?: string
  /** whole seconds */
  readonly retryAfter?: number
}
