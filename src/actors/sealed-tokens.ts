import type { Spend } from '../../machines/index.ts'
import { Secret } from '../common/secret.ts'
import type { Extra } from '../contract/account.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { Sealer } from '../redis/seal.ts'

/** The secrets of one generation of a grant. */
export interface TokenPair {
  readonly accessToken?: Secret | undefined
  readonly refreshToken?: Secret | undefined
  /** The second access tokens, by resource key. */
  readonly resources?: Readonly<Record<string, Secret>> | undefined
  /** Where the refresh token may be sent. Encrypted with it, so that write access to Redis is not enough to change it. */
  readonly place?: GrantPlace | undefined
  /** The fields of the token response that the app keeps. Not secret; only passed through to the record. */
  readonly extra?: Extra | undefined
}

export type Slot = 'c' | 'c-' | 'c~' | 'spool'

/** The slot of the token that an attempt uses. */
export const slotOf = { current: 'c', previous: 'c-', sibling: 'c~' } as const satisfies Record<Spend, Slot>

export interface SealedTokens {
  seal(tokens: TokenPair, place: { account: string; generation: number; slot: Slot }): string
  /** With `generation`, the text must have exactly that one. Throws `SealError`. */
  open(sealed: string, place: { account: string; slot: Slot; generation?: number }): TokenPair
  isStale(sealed: string): boolean
}

export function createSealedTokens(sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>): SealedTokens {
  return {
    isStale: sealer.isStale,
    seal: (tokens, place) => sealer.seal({ text: serializeTokens(tokens), ...place }),
    open: (sealed, place) => parseTokens(sealer.open({ sealed, ...place }).reveal()),
  }
}

/** In clear: to be encrypted. */
export function serializeTokens({
  accessToken,
  refreshToken,
  resources = {},
  place: p,
  extra: e,
}: TokenPair): string {
  const others = Object.entries(resources).map(([key, token]) => [key, token.reveal()] as const)
  const x = others.length > 0 ? Object.fromEntries(others) : undefined
  return JSON.stringify({
    a: accessToken?.reveal(),
    r: refreshToken?.reveal(),
    x,
    p,
    e,
  } satisfies PlainTokens)
}

/** The reverse of `serializeTokens`. */
export function parseTokens(text: string): TokenPair {
  const { a, r, x, p, e } = JSON.parse(text) as PlainTokens
  return {
    accessToken: a === undefined ? undefined : new Secret(a),
    refreshToken: r === undefined ? undefined : new Secret(r),
    ...(p && { place: p }),
    ...(e && { extra: e }),
    ...(x && {
      resources: Object.fromEntries(Object.entries(x).map(([key, token]) => [key, new Secret(token)])),
    }),
  }
}

interface PlainTokens {
  readonly a?: string | undefined
  readonly r?: string | undefined
  readonly x?: Record<string, string> | undefined
  readonly p?: GrantPlace | undefined
  readonly e?: Extra | undefined
}
