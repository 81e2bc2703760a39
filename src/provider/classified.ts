import type { Cause, Reason } from '../contract/reasons.ts'

/**
 * The class of a failure. A: the grant is dead. S: parked until the user acts. P: the app's credentials. C: the request or
 * configuration is wrong. T: transient. R: a possible race, which becomes A if it was not one.
 */
export type FailureClass = 'A' | 'S' | 'P' | 'C' | 'T' | 'R'

/** The provider's error: HTTP status, RFC 6749 §5.2 `error` and further codes. Never its free text. */
export interface ProviderError {
  /** Null if no status line was received. */
  readonly status: number | null
  readonly error: string
  readonly suberror?: string
  readonly codes?: number[]
  /** The claims the user must satisfy when signing in again (validated JSON). */
  readonly claims?: string
}

/** Why there are no tokens. Only the class is used outside this directory, never the provider's codes. */
export interface Refusal {
  readonly class: FailureClass
  readonly reason: Reason
  readonly action: string
  readonly recoverable: boolean
  readonly inferred?: true
  /** The request was sent. */
  readonly sent: boolean
  /** The request was sent, and an answer with a rotated token may have been lost. */
  readonly inDoubt: boolean
  /** Seconds to wait by the provider's `Retry-After`. */
  readonly retryAfter?: number
  /** The operator must act: the fault is in this installation. */
  readonly alarm?: true
  /** A general code, which some providers also use for a wrong secret. */
  readonly general?: true
  /** The codes are unknown, or implausible because the same request worked before. */
  readonly unknownWords?: true
  readonly providerError: ProviderError
}

/** The meaning of one code of a provider. For class R, `reason` is that of the A it may become. */
export interface ErrorRow extends Cause {
  readonly class: FailureClass
  /** Minimum seconds to wait, for providers that require it without `Retry-After`. */
  readonly retryAfter?: number
  readonly alarm?: true
  readonly general?: true
  readonly unknownWords?: true
  /** Its meaning for a grant that has been refreshed before. */
  readonly ifWorkedBefore?: ErrorRow
}

/** The codes of a provider that deviate from the common meaning. */
export interface Dialect {
  readonly words: ReadonlyMap<string, ErrorRow>
  /** Any other JSON that comes with a 4xx. */
  readonly otherwise?: ErrorRow
}
