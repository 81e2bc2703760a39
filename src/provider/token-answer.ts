import type { Secret } from '../common/secret.ts'
import type { Extra } from '../contract/account.ts'
import type { Refusal } from './classified.ts'
import type { Reached } from './grant-place.ts'

export interface Tokens {
  readonly kind: 'tokens'
  readonly accessToken: Secret
  /** Only a new one: an answer without, or with the one that was sent, keeps it. */
  readonly refreshToken?: Secret
  readonly idToken?: Secret
  /** Seconds; absent when the provider does not say. */
  readonly expiresIn?: number
  readonly refreshTokenExpiresIn?: number
  readonly scopes?: string[]
  /** The provider named more of them, or longer ones, than are kept. */
  readonly scopesCut?: true
  /** The provider's clock minus ours in milliseconds, by its `Date` header. */
  readonly dateSkewMs?: number
  /** What the app keeps of the answer. */
  readonly extra?: Extra
  /** Where they come from. */
  readonly reached?: Reached
}

export type TokenAnswer = Tokens | { readonly kind: 'refused'; readonly refusal: Refusal }

export function refused(refusal: Refusal): TokenAnswer {
  return { kind: 'refused', refusal }
}
