import { ErrorCode, type Msg, NatsError } from 'nats'
import type { Failure } from './contract-types.ts'

/**
 * The code tokenbus answered, or why there was no reply: `unreachable` (no NATS, no tokenbus, or no reply in time),
 * `not_permitted` (this NATS user may not request that account's tokens), `closed` (`close()` was called).
 */
export type TokensErrorCode = Failure['error'] | 'unreachable' | 'not_permitted' | 'closed'

export interface TokensFailure extends Omit<Failure, 'error'> {
  readonly error: TokensErrorCode
}

/**
 * Why there is no token. Check `code`, then `reason`, `recoverable` and `action`.
 *
 * @example
 * ```ts
 * try {
 *   await tokens.get('alice')
 * } catch (error) {
 *   if (!(error instanceof TokensError)) throw error
 *   if (error.code === 'grant_revoked') console.error(error.reason, error.action)
 *   else if (error.retryAfter !== undefined) console.error(`retry in ${error.retryAfter} s`)
 * }
 * ```
 */
export class TokensError extends Error {
  override readonly name = 'TokensError'
  /** The error code. */
  readonly code: TokensErrorCode
  /** The account that was asked for. */
  readonly account: string | undefined
  /** Its state, if known. */
  readonly state: string | undefined
  /** Why the account is in its state; `tokenbus explain <reason>` explains it. */
  readonly reason: string | undefined
  /** The same grant may work again. */
  readonly recoverable: boolean | undefined
  /** What to do, in a sentence. */
  readonly action: string | undefined
  /** The claims the user must satisfy when signing in again, as JSON. */
  readonly claims: string | undefined
  /** Seconds after which a retry may succeed. */
  readonly retryAfter: number | undefined

  constructor(failure: TokensFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.code = failure.error
    this.account = failure.account
    this.state = failure.state
    this.reason = failure.reason
    this.recoverable = failure.recoverable
    this.action = failure.action
    this.claims = failure.claims
    this.retryAfter = failure.retryAfter
  }
}

/** The failure in a reply, or undefined if it succeeded. */
export function failureIn(reply: Msg): TokensError | undefined {
  return reply.headers?.has('Nats-Service-Error') ? new TokensError(reply.json<TokensFailure>()) : undefined
}

/** The error for a request that NATS could not deliver or that got no reply. */
export function notCarried(cause: unknown, account: string): TokensError {
  const code = cause instanceof NatsError ? cause.code : undefined
  switch (code) {
    case ErrorCode.PermissionsViolation:
      return new TokensError(
        {
          error: 'not_permitted',
          message:
            'this NATS user may not request tokens of this account; grant it the subject `token.get.<account>`',
          account,
        },
        { cause },
      )
    case ErrorCode.NoResponders:
      return new TokensError(
        { error: 'unreachable', message: 'no tokenbus is connected to this NATS server', account },
        { cause },
      )
    default:
      return new TokensError(
        { error: 'unreachable', message: 'tokenbus did not answer in time', account },
        { cause },
      )
  }
}
