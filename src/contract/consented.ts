import type { Identity } from '../../machines/index.ts'

/** A person has just agreed at the provider, which says who it was. */
export interface Consented {
  /** Null where the provider does not say. */
  readonly identity: Identity | null
  /** Every address the provider knows that person by. */
  readonly addresses: readonly string[]
}
