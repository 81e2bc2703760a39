/** A second token of the grant: scopes of another API, or fewer scopes. `key`: the sorted scopes. */
export interface Resource {
  /** The scopes, sorted and joined by spaces; identifies the resource within the account. */
  readonly key: string
  /** The scopes as requested. */
  readonly scopes: readonly string[]
}

/** The provider refused a resource, which is not requested again before `retryAt`. */
export interface Refused {
  /** A reason of the error catalogue. */
  readonly reason: string
  /** What to do, in a sentence. */
  readonly action: string
  /** When the provider refused, in milliseconds. */
  readonly at: number
  /** Milliseconds; requests before this are answered with the refusal. */
  readonly retryAt: number
  /** The grant itself may have ended; its next refresh will show. */
  readonly aboutGrant: boolean
}

/** A second token of the grant. `generation` 0: there is none yet. */
export interface ResourceToken extends Resource {
  /** The generation of the account at which this token was stored. */
  readonly generation: number
  /** Start of the request that brought it, in milliseconds. */
  readonly issuedAt: number
  /** Milliseconds; `never` if unknown. */
  readonly expiresAt: number
  /** The soft deadline, in milliseconds. */
  readonly refreshAt: number
  /** The last refusal, until a success. */
  readonly refused: Refused | null
}
