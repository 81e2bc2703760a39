import type { Secret } from '../common/secret.ts'
import type { Extra } from '../contract/account.ts'
import type { Refusal } from './classified.ts'
import type { Reached } from './grant-place.ts'

export interface Tokens {
  readonly kind: 'tokens'
  readonly accessToken: Secret
  /** Only a new one; without it the current one is kept. */
  readonly refreshToken?: Secret
  readonly idToken?: Secret
  /** Seconds; absent if not in the response. */
  readonly expiresIn?: number
  readonly refreshTokenExpiresIn?: number
  readonly scopes?: string[]
  /** The provider reported more or longer scopes than are stored. */
  readonly scopesCut?: true
  /** The provider's clock minus ours in milliseconds, by its `Date` header. */
  readonly dateSkewMs?: number
  /** The fields of the response that the app keeps. */
  readonly extra?: Extra
  /** The origin of the response. */
  readonly reached?: Reached
}

export type TokenAnswer = Tokens | { readonly kind: 'refused'; readonly refusal: Refusal }

export function refused(refusal: Refusal): TokenAnswer {
  return { kind: 'refused', refusal }
}
