import type { AccountContext, AccountState } from './account-context.ts'
import { effectiveMinValidity } from './time-rules.ts'

/** What a caller asks for. `minValidity` in milliseconds, null for the default. */
export interface Want {
  readonly minValidity: number | null
  /** Wait for what is newer than this generation as long as a refresh is in flight. */
  readonly newerThan?: number
  /** The caller reported this generation as refused: while it can't be replaced it gets no token. */
  readonly rejected?: number
}

export type Verdict =
  | { readonly kind: 'token' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'grant_revoked' }
  | { readonly kind: 'client_secret_expired' }
  | { readonly kind: 'invalid_config' }
  /** `retryAfter` in milliseconds. */
  | { readonly kind: 'provider_unavailable'; readonly retryAfter: number }

export interface Seen {
  readonly state: AccountState
  readonly context: AccountContext
  readonly at: number
}

/** May the current token be handed out at all? A rejected one not while its replacement is on the way. */
export function isServed({ state, context, at }: Seen): boolean {
  if (context.grantId === null || state === 'revoked' || context.invalid !== null) return false
  if (state === 'refreshing' && context.rejected === context.generation) return false
  return context.expiresAt > at
}

/** Served, and long enough for this caller. */
export function isUsable(seen: Seen, minValidity: number | null): boolean {
  return isServed(seen) && seen.context.expiresAt - seen.at >= effectiveMinValidity(seen.context, minValidity)
}

/** What to tell a caller once its request has been through the machine. */
export function verdictFor(seen: Seen, want: Want): Verdict {
  const { state, context, at } = seen
  if (context.grantId === null) return { kind: 'absent' }
  if (state === 'revoked' || context.invalid?.state === 'revoked') return { kind: 'grant_revoked' }
  const outdated = want.newerThan !== undefined && context.generation <= want.newerThan
  if (state === 'refreshing') {
    if (context.invalid !== null) return { kind: 'client_secret_expired' }
    return isUsable(seen, want.minValidity) && !outdated ? { kind: 'token' } : { kind: 'wait' }
  }
  const stuck = want.rejected === context.generation && state !== 'valid'
  if (isServed(seen) && !stuck) return { kind: 'token' }
  if (state === 'secret-expired' || context.invalid !== null) return { kind: 'client_secret_expired' }
  if (context.lastError?.class === 'C') return { kind: 'invalid_config' }
  if (context.refreshable && at >= context.retryAt) return { kind: 'wait' }
  return { kind: 'provider_unavailable', retryAfter: Math.max(0, context.retryAt - at) }
}
