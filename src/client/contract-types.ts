// Written by `npm run client-types` from src/contract.

/** An access token that works. A newer one of the same account has a higher `generation`; times are ISO 8601. */
export interface Token {
  readonly account: string
  readonly user: string
  readonly accessToken: string
  readonly provider: string
  readonly app: string
  readonly registeredScopes: readonly string[]
  /** null where nobody says that it runs out */
  readonly expires: string | null
  readonly generation: number
  /** what the app keeps of the answers of its provider */
  readonly extra?: { readonly [name: string]: string | number | boolean }
  /** of the account, as its events count them */
  readonly version: number
  /** when the account came into its state */
  readonly since: string
  /** it lives shorter than was asked for; else absent */
  readonly minValidityMet?: false
  /** a newer one was asked for, and this is none; else absent */
  readonly refreshed?: false
}

/** There is a newer access token. */
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

/** There is no token any more: why, and what to do. */
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

/** The account is forgotten. */
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

/** What a request is answered with when it fails. */
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
  /** what a person has to prove anew, as JSON text */
  readonly claims?: string
  /** whole seconds */
  readonly retryAfter?: number
}
