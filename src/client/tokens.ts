import type { ConnectionOptions } from 'nats'
import type { Token, TokenInvalid, TokenRefreshed } from './contract-types.ts'

export type { Token, TokenInvalid, TokenRefreshed }

export type FetchInput = string | URL | Request

export interface TokenEvents {
  refreshed: TokenRefreshed
  invalid: TokenInvalid
}

export interface GetOptions {
  /** Seconds the token must still be valid; by default 30, or a quarter of its lifetime if that is less. */
  readonly minValidity?: number
  /** Refresh even if the current token is still valid. */
  readonly forceRefresh?: boolean
  /** A second token of the same grant, for another API or with fewer scopes. Their order has no meaning. */
  readonly scopes?: readonly string[]
  /** A token of the caller's, to exchange for one of the account's provider (RFC 8693). The result is not cached. */
  readonly subjectToken?: string
  readonly subjectTokenType?: 'access_token' | 'refresh_token' | 'id_token' | 'jwt' | 'saml1' | 'saml2'
}

export interface Rejection {
  /** The generation of the token that the API answered 401 to. */
  readonly generation: number
  /** The `claims` of the API's `WWW-Authenticate` challenge: JSON, or JSON in base64url. */
  readonly claims?: string
  /** The scopes the token was requested with. */
  readonly scopes?: readonly string[]
}

export interface FetchInit extends RequestInit {
  /** As in `GetOptions`. */
  readonly scopes?: readonly string[]
}

/** All methods reject with `TokensError`. */
export interface Tokens extends AsyncDisposable {
  get(account: string, options?: GetOptions): Promise<Token>
  /** Reports that an API answered 401 to a token. Resolves with a newer one, or with the same if none can be had yet. */
  reject(account: string, rejection: Rejection): Promise<Token>
  /**
   * As `fetch`, with the account's token. On a 401 the token is reported and the request sent once more, unless its body
   * is a stream: a stream can be sent once only.
   */
  fetch(account: string, input: FetchInput, init?: FetchInit): Promise<Response>
  /**
   * Calls `handler` once for each later event of the accounts this NATS user may subscribe to; returns a function that
   * removes it. An error it throws is an unhandled rejection.
   */
  on<K extends keyof TokenEvents>(event: K, handler: (event: TokenEvents[K]) => unknown): () => void
  close(): Promise<void>
}

export interface ConnectTokensOptions extends Omit<ConnectionOptions, 'servers'> {
  /** One or several URLs such as `nats://user:password@host:4222`. */
  readonly servers: string | readonly string[]
  /** Path of a NATS credentials file. */
  readonly creds?: string
}
