import type { Identity } from '../../machines/index.ts'

/** The identity of the user who has just consented, as reported by the provider. */
export interface Consented {
  /** Null if the provider does not report one. */
  readonly identity: Identity | null
  /** All addresses of the user that the provider reports. */
  readonly addresses: readonly string[]
}
