import type { AccountContext, AccountState } from './account-context.ts'
import { withheldFor } from './account-rejection.ts'
import type { Refused, Resource } from './account-resource.ts'
import { type HeldToken, refusalOf, tokenFor } from './resources.ts'
import { effectiveMinValidity, never } from './time-rules.ts'

/** A caller's requirements. `minValidity` in milliseconds, null for the default. */
export interface Want {
  /** Milliseconds; null for the default. */
  readonly minValidity: number | null
  /** While a refresh is in flight, wait for a token newer than this generation. */
  readonly newerThan?: number
  /** The caller reported this generation as rejected: it gets no token while it cannot be replaced. */
  readonly rejected?: number
  /** Null for the account's own token. */
  readonly resource: Resource | null
}

/** What a caller is answered: a token, a wait for a refresh, or why there is none. `retryAfter` is in milliseconds. */
export type ServingDecision =
  | { readonly kind: 'token' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'grant_revoked' }
  | { readonly kind: 'client_secret_expired' }
  | { readonly kind: 'invalid_config' }
  /** The provider refuses this resource. */
  | { readonly kind: 'refused'; readonly refused: Refused }
  /** `retryAfter` in milliseconds. */
  | { readonly kind: 'provider_unavailable'; readonly retryAfter: number }
  /** An API rejected the only token, which is withheld. */
  | { readonly kind: 'withheld'; readonly retryAfter: number }
  /** The caller must bring a token to exchange. */
  | { readonly kind: 'needs_subject' }

/** An account as a reader has it: its state, its context, and the time, in milliseconds of cluster time. */
export interface Seen {
  /** The state of the snapshot. */
  readonly state: AccountState
  /** The context of the snapshot. */
  readonly context: AccountContext
  /** Cluster time in milliseconds. */
  readonly at: number
  /** The time by which tokens expire, if later than `at`. */
  readonly expiryTime?: number
}

/** True if the token may be served. A token reported as rejected is not, while the report stands. */
export function isServed(
  { state, context, at, expiryTime = at }: Seen,
  resource: Resource | null = null,
): boolean {
  const token = tokenFor(context, resource)
  if (token === null || context.grantId === null || state === 'revoked' || context.invalid !== null)
    return false
  if (context.rejected === token.generation) return false
  if (withheldFor(context, { ...token, at }) > 0) return false
  return token.expiresAt > expiryTime
}

/** Served, newer than required, and valid long enough. */
export function isUsable(seen: Seen, { minValidity, newerThan = -1, resource }: Want): boolean {
  const token = tokenFor(seen.context, resource)
  return (
    token !== null &&
    isServed(seen, resource) &&
    token.generation > newerThan &&
    (token.expiresAt === never ||
      token.expiresAt - (seen.expiryTime ?? seen.at) >= effectiveMinValidity(token, minValidity))
  )
}

/** The caller's requirements that the answered token does not meet. */
export interface UnmetRequirements {
  /** The token expires sooner than required. */
  readonly minValidityMet?: false
  /** The token is not newer than the one it should replace. */
  readonly refreshed?: false
}

/** Undefined if all are met. */
export function unmetRequirements(
  { context, at }: Seen,
  { minValidity, newerThan = -1, resource }: Want,
): UnmetRequirements | undefined {
  const token = tokenFor(context, resource)
  if (token === null) return undefined
  const livesTooShort =
    minValidity !== null && token.expiresAt !== never && token.expiresAt - at < minValidity
  const isOld = token.generation <= newerThan
  if (!livesTooShort && !isOld) return undefined
  return { ...(livesTooShort && { minValidityMet: false }), ...(isOld && { refreshed: false }) }
}

/**
 * How to answer a caller after its request was processed by the machine.
 *
 * @example
 * ```ts
 * const decision = servingDecision({ state: 'expiring', context, at: 1_800_000_000_000 }, { minValidity: null, resource: null })
 * if (decision.kind === 'wait') await changed
 * ```
 */
export function servingDecision(seen: Seen, want: Want): ServingDecision {
  const { state, context, at } = seen
  const { resource } = want
  if (context.grantId === null) return { kind: 'absent' }
  if (state === 'revoked' || context.invalid?.state === 'revoked') return { kind: 'grant_revoked' }
  const refused = refusalOf(context, resource, at)
  if (refused !== null && !isInQuestion(context, refused)) return { kind: 'refused', refused }
  if (state === 'refreshing') return decisionWhileRefreshing(seen, want)
  const token = tokenFor(context, resource)
  const stuck = want.rejected === token?.generation && state !== 'valid'
  if (isServed(seen, resource) && !stuck) return { kind: 'token' }
  return whyNotServed(seen, token)
}

function whyNotServed({ state, context, at }: Seen, token: HeldToken | null): ServingDecision {
  if (context.refreshWith === 'subject_token') return { kind: 'needs_subject' }
  const retryAfter = token === null ? 0 : withheldFor(context, { ...token, at })
  if (retryAfter > 0) return { kind: 'withheld', retryAfter }
  if (state === 'secret-expired' || context.invalid !== null) return { kind: 'client_secret_expired' }
  if (context.lastError?.class === 'C') return { kind: 'invalid_config' }
  if (context.refreshable && at >= context.retryAt) return { kind: 'wait' }
  return { kind: 'provider_unavailable', retryAfter: Math.max(0, context.retryAt - at) }
}

function decisionWhileRefreshing(seen: Seen, want: Want): ServingDecision {
  const { invalid, attempt } = seen.context
  if (invalid !== null && attempt?.probe) return { kind: 'client_secret_expired' }
  return isUsable(seen, want) ? { kind: 'token' } : { kind: 'wait' }
}

/** True until the next refresh shows whether the grant itself has ended. */
function isInQuestion({ lastRefreshedAt }: AccountContext, { aboutGrant, at }: Refused): boolean {
  return aboutGrant && (lastRefreshedAt ?? 0) < at
}
