import type { ConnectionOptions } from 'nats'
import type { Token, TokenInvalid, TokenRefreshed } from './contract-types.ts'

export type { Token, TokenInvalid, TokenRefreshed }

export type FetchInput = string | URL | Request

/** The events of `Tokens.on`, by name. */
export interface TokenEvents {
  /** An account has a newer token; the cache is updated already. */
  refreshed: TokenRefreshed
  /** An account's token is no longer served; once per death of a grant or app. */
  invalid: TokenInvalid
}

/** Requirements for a token. */
export interface GetOptions {
  /** Seconds the token must still be valid; by default 30, or a quarter of its lifetime if that is less. */
  readonly minValidity?: number
  /** Refresh even if the current token is still valid. */
  readonly forceRefresh?: boolean
  /** A second token of the same grant, for another API or with fewer scopes. Their order has no meaning. */
  readonly scopes?: readonly string[]
  /** A token of the caller's, to exchange for one of the account's provider (RFC 8693). The result is not cached. */
  readonly subjectToken?: string
  /** The type of `subjectToken` (RFC 8693 §3); by default `access_token`. */
  readonly subjectTokenType?: 'access_token' | 'refresh_token' | 'id_token' | 'jwt' | 'saml1' | 'saml2'
}

/** A token that an API has rejected. */
export interface Rejection {
  /** The generation of the token that the API answered 401 to. */
  readonly generation: number
  /** The `claims` of the API's `WWW-Authenticate` challenge: JSON, or JSON in base64url. */
  readonly claims?: string
  /** The scopes the token was requested with. */
  readonly scopes?: readonly string[]
}

/** As `RequestInit` of `fetch`. */
export interface FetchInit extends RequestInit {
  /** As in `GetOptions`. */
  readonly scopes?: readonly string[]
}

/**
 * Access tokens of accounts, requested over NATS and cached while they are valid. All methods reject with `TokensError`.
 *
 * @example
 * ```ts
 * await using tokens = await connectTokens({ servers: 'nats://127.0.0.1:4222' })
 * const { accessToken } = await tokens.get('alice')
 * ```
 */
export interface Tokens extends AsyncDisposable {
  /**
   * The account's token (RFC 6749 §1.4): from memory while it has 30 s left, or `minValidity`; else it is asked for over NATS. Equal calls share one request.
   *
   * @throws TokensError of `code` `grant_revoked`, `account_not_found`, `provider_unavailable` (with `retryAfter`), `unreachable`, …: `tokenbus explain <code>` explains each
   * @example
   * ```ts
   * const { accessToken, expires } = await tokens.get('alice', { minValidity: 300 })
   * ```
   */
  get(account: string, options?: GetOptions): Promise<Token>
  /** Reports that an API answered 401 to a token. Resolves with a newer one, or with the same if none can be had yet. */
  reject(account: string, rejection: Rejection): Promise<Token>
  /**
   * As `fetch`, with the account's token. On a 401 the token is reported and the request sent once more, unless its body
   * is a stream: a stream can be sent once only.
   *
   * @example
   * ```ts
   * const answer = await tokens.fetch('alice', 'https://graph.microsoft.com/v1.0/me/calendars')
   * ```
   */
  fetch(account: string, input: FetchInput, init?: FetchInit): Promise<Response>
  /**
   * Calls `handler` once for each later event of the accounts this NATS user may subscribe to; returns a function that
   * removes it. An error it throws is an unhandled rejection.
   *
   * @example
   * ```ts
   * const stop = tokens.on('invalid', ({ account, action }) => askUser(account, action))
   * ```
   */
  on<K extends keyof TokenEvents>(event: K, handler: (event: TokenEvents[K]) => unknown): () => void
  /** Closes the connection. Pending calls reject with `closed`. */
  close(): Promise<void>
}

/** Options of `connectTokens`: those of the `nats` package, and these. */
export interface ConnectTokensOptions extends Omit<ConnectionOptions, 'servers'> {
  /** One or several URLs such as `nats://user:password@host:4222`. */
  readonly servers: string | readonly string[]
  /** Path of a NATS credentials file. */
  readonly creds?: string
}
