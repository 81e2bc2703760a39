// Written by `npm run client-types` from src/contract.

/** An access token that works. A newer one of the same account has a higher `generation`; times are ISO 8601. */
export interface Token {
  readonly account: string
  readonly user: string
  readonly accessToken: string
  readonly provider: string
  readonly app: string
  readonly registeredScopes: readonly string[]
  /** null if the token has no known expiry */
  readonly expires: string | null
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
  readonly id: string
  readonly time: string
  readonly version: number
  readonly truncated?: true
  readonly account: string
  readonly app: string
  readonly provider: string
  readonly user: string
  readonly state: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired'
  readonly previousState: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired' | null
  readonly generation: number
  readonly expires: string | null
  readonly registeredScopes: readonly string[]
  /** whose account it was before, where it is another person's now */
  readonly previousUser?: string
}

/** The account no longer has a token: the reason, and what to do. */
export interface TokenInvalid {
  readonly type: 'token.invalid'
  readonly id: string
  readonly time: string
  readonly version: number
  readonly truncated?: true
  readonly account: string
  readonly app: string
  readonly provider: string
  readonly user: string
  readonly state: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired'
  readonly previousState: 'valid' | 'expiring' | 'refreshing' | 'revoked' | 'secret-expired' | null
  readonly generation: number
  readonly reason: string
  readonly class: 'A' | 'S' | 'P'
  readonly recoverable: boolean
  readonly action: string
  readonly inferred?: boolean
  readonly reported?: boolean
  readonly providerError: {
    readonly status: number | null
    readonly error: string
    readonly suberror?: string
    readonly codes?: readonly number[]
    readonly claims?: string
  }
}

/** The account was deleted. */
export interface AccountRemoved {
  readonly type: 'account.removed'
  readonly id: string
  readonly time: string
  readonly version: number
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
  /** whose account it is, with reason identity_mismatch */
  readonly user?: string
  /** the claims the user must satisfy when signing in again, as JSON */
  readonly claims?: string
  /** whole seconds */
  readonly retryAfter?: number
}
