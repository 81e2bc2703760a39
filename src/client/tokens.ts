import type { ConnectionOptions } from 'nats'
import type { Token, TokenInvalid, TokenRefreshed } from './contract-types.ts'

export type { Token, TokenInvalid, TokenRefreshed }

export type FetchInput = string | URL | Request

export interface TokenEvents {
  refreshed: TokenRefreshed
  invalid: TokenInvalid
}

export interface GetOptions {
  /** Seconds it must live at least; by default 30, or a quarter of its whole life if that is less. */
  readonly minValidity?: number
  /** A newer one than there is now. */
  readonly forceRefresh?: boolean
  /** A second token of the same grant: for another API, or for fewer scopes. In any order. */
  readonly scopes?: readonly string[]
  /** The caller's own token, which is exchanged for one of the account's provider (RFC 8693); what comes is not kept. */
  readonly subjectToken?: string
  readonly subjectTokenType?: 'access_token' | 'refresh_token' | 'id_token' | 'jwt' | 'saml1' | 'saml2'
}

export interface Rejection {
  /** Of the token that an API answered 401 to. */
  readonly generation: number
  /** The claims the API asks for, as its challenge has them: JSON, or that in base64url. */
  readonly claims?: string
  /** Those it was asked for with. */
  readonly scopes?: readonly string[]
}

export interface FetchInit extends RequestInit {
  /** Of the token, as `get` takes them. */
  readonly scopes?: readonly string[]
}

/** All methods reject with `TokensError`. */
export interface Tokens extends AsyncDisposable {
  get(account: string, options?: GetOptions): Promise<Token>
  /** Reports that an API refused a token; answers a newer one, or the same when there can be none yet. */
  reject(account: string, rejection: Rejection): Promise<Token>
  /**
   * As `fetch`, with the account's token. On 401 the token is reported and the request sent once more, unless its body
   * was a stream: that is gone, and keeping a copy would hold all of it in memory.
   */
  fetch(account: string, input: FetchInput, init?: FetchInit): Promise<Response>
  /**
   * Calls `handler` from now on, once per event (of the accounts this NATS user may hear of); answers how to end that. An
   * error it throws is an unhandled rejection.
   */
  on<K extends keyof TokenEvents>(event: K, handler: (event: TokenEvents[K]) => unknown): () => void
  close(): Promise<void>
}

export interface ConnectTokensOptions extends Omit<ConnectionOptions, 'servers'> {
  /** Such as `nats://user:password@host:4222`. */
  readonly servers: string | readonly string[]
  /** Path of a NATS credentials file. */
  readonly creds?: string
}
