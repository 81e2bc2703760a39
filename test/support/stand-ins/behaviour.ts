import type { StandInClient } from './clients.ts'
import type { Denial } from './denial.ts'
import type { Grant } from './grants.ts'

/** A request at the token endpoint. `now` is the stand-in's own time. */
export interface Asking {
  readonly form: URLSearchParams
  readonly path: string
  readonly now: number
}

/** One behaviour of a provider. A stand-in is a list of them; the first refusal wins. */
export interface Behaviour {
  /** A token request, before the client is authenticated. */
  arrived?(asking: Asking): Denial | undefined
  /** The client is authenticated. `proof` is its secret or its assertion. */
  authenticates?(
    asking: Asking & { client: StandInClient; proof: string | null },
  ): Promise<Denial | undefined> | Denial | undefined
  /** A refresh token is about to be spent. */
  spends?(asking: Asking & { grant: Grant }): Denial | undefined
  /** A person has consented. */
  consented?(granted: { grant: Grant; query: URLSearchParams }): void
  /** Which of the scopes this one access token is for. */
  picks?(asking: Asking & { scopes: readonly string[] }): readonly string[]
  /** Further fields of the response. */
  adds?(asking: Asking & { grant: Grant }): object
}
