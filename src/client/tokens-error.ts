import { ErrorCode, type Msg, NatsError } from 'nats'
import type { Failure } from './contract-types.ts'

/**
 * The word tokenbus answered, or what kept it from answering: `unreachable` (no NATS, no tokenbus, no answer in
 * time), `not_permitted` (this NATS user may not ask for that account), `closed` (`close()` was called).
 */
export type TokensErrorCode = Failure['error'] | 'unreachable' | 'not_permitted' | 'closed'

export interface TokensFailure extends Omit<Failure, 'error'> {
  readonly error: TokensErrorCode
}

/** Why there is no token. Ask `code`, then `reason`, `recoverable` and `action`; `retryAfter` is in seconds. */
export class TokensError extends Error {
  override readonly name = 'TokensError'
  readonly code: TokensErrorCode
  readonly account: string | undefined
  readonly state: string | undefined
  readonly reason: string | undefined
  readonly recoverable: boolean | undefined
  readonly action: string | undefined
  /** What a person has to prove anew, as JSON text. */
  readonly claims: string | undefined
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

/** The failure a reply carries, if it does. */
export function failureIn(reply: Msg): TokensError | undefined {
  return reply.headers?.has('Nats-Service-Error') ? new TokensError(reply.json<TokensFailure>()) : undefined
}

/** What it means to a caller that NATS did not carry a request there and back. */
export function notCarried(cause: unknown, account: string): TokensError {
  const code = cause instanceof NatsError ? cause.code : undefined
  switch (code) {
    case ErrorCode.PermissionsViolation:
      return new TokensError(
        { error: 'not_permitted', message: 'this NATS user may not ask for this account', account },
        { cause },
      )
    case ErrorCode.NoResponders:
      return new TokensError(
        { error: 'unreachable', message: 'no tokenbus listens on this NATS', account },
        { cause },
      )
    default:
      return new TokensError(
        { error: 'unreachable', message: 'tokenbus did not answer in time', account },
        { cause },
      )
  }
}
