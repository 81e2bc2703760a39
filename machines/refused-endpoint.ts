import type { ProviderError } from './account-context.ts'

/**
 * A token endpoint that one account fills in, and that refused the client: what it says is true of the accounts there, and
 * of no other.
 */
export interface RefusedEndpoint {
  /** The token endpoint and client. */
  readonly endpoint: string
  /** The grants it refused; two are conclusive. */
  readonly grants: readonly string[]
  /** When it last refused, in milliseconds. */
  readonly at: number
  /** What it answered. */
  readonly error: {
    readonly reason: string
    readonly action: string
    readonly providerError: ProviderError
  }
  /** The attempt that may look whether it takes the client again, and how many have. */
  readonly probe: string | null
  /** Consecutive probes without success; determines their backoff. */
  readonly probes: number
  /** When it is probed next, in milliseconds. */
  readonly probeAt: number
}

interface OfEndpoint {
  readonly at: number
  readonly id: string
  readonly endpoint: string
}

export type EndpointEvent =
  | (OfEndpoint & {
      readonly type: 'endpoint.refused'
      readonly grant: string
      readonly error: RefusedEndpoint['error']
    })
  | (OfEndpoint & { readonly type: 'endpoint.accepted' })
  /** An attempt asks to be the one that looks. */
  | (OfEndpoint & { readonly type: 'endpoint.probed'; readonly attempt: string })
