import type { Cause, Reason } from '../contract/reasons.ts'

/**
 * What a failure means. A: the grant is dead. S: parked until a person acts. P: the app's fault. C: our request or
 * configuration is wrong. T: transient. R: a possible race; if it was none, it is what an A would be.
 */
export type FailureClass = 'A' | 'S' | 'P' | 'C' | 'T' | 'R'

/** The provider's own words: HTTP status, RFC 6749 §5.2 `error`, and what it adds. Never its free text. */
export interface ProviderError {
  /** Null when no status line arrived. */
  readonly status: number | null
  readonly error: string
  readonly suberror?: string
  readonly codes?: number[]
  /** What the user has to prove anew: the `claims` for the next consent page (JSON text, checked). */
  readonly claims?: string
}

/** Why there are no tokens. Everything outside this directory sees the class, never the provider's dialect. */
export interface Refusal {
  readonly class: FailureClass
  readonly reason: Reason
  readonly action: string
  readonly recoverable: boolean
  readonly inferred?: true
  /** The request left. */
  readonly sent: boolean
  /** The request left, and an answer that rotated the token may be missing. */
  readonly inDoubt: boolean
  /** Seconds the provider asks us to wait. */
  readonly retryAfter?: number
  /** Whoever runs tokenbus has to know: the fault is here. */
  readonly alarm?: true
  /** A general word, which some providers say of a wrong secret too. */
  readonly general?: true
  /** Nobody knows what these words mean, or they cannot be meant: the same request worked before. */
  readonly unknownWords?: true
  readonly providerError: ProviderError
}

/** What one word or number of a provider means. For class R, `reason` is that of the A it turns into. */
export interface ErrorRow extends Cause {
  readonly class: FailureClass
  /** Seconds to wait at least, where the provider is known to need it and does not say so. */
  readonly retryAfter?: number
  readonly alarm?: true
  readonly general?: true
  readonly unknownWords?: true
  /** What it means instead for a grant that has been refreshed before. */
  readonly ifWorkedBefore?: ErrorRow
}

/** What one provider means by its words, where that is not what everybody means. */
export interface Dialect {
  readonly words: ReadonlyMap<string, ErrorRow>
  /** Any other JSON that comes with a 4xx. */
  readonly otherwise?: ErrorRow
}
