import type { AccountContext } from './account-context.ts'
import type { Rotation } from './account-settings.ts'
import { bucketLevel } from './token-bucket.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** Milliseconds after which an unsent request is dropped. */
export const sendWithin = 3 * second
/** Milliseconds the cluster waits for an answer; the connection is kept longer. */
export const giveUpAfter = 15 * second
/** Milliseconds within which an overdue attempt is found, if a node runs. */
const foundWithin = 2 * second
/** The lifetime of a token if the answer has none. */
export const defaultLife = hour
/** The expiry of a token without a known one: the largest time that JSON, a sorted set and ISO 8601 can represent. */
export const never = 253_402_300_799_000
/** How long a report of a 401 withholds a token that cannot be replaced. */
export const withholdFor = 30 * second
/** Only a report after this time confirms the first one: earlier ones may belong to concurrent requests. */
export const confirmsAfter = minute
/** The minimum pause after a send without an answer, if a repeat may count as reuse. */
export const settleTime = 5 * second
/** How long after `giveUpAt` the connection is kept for a late answer. */
export const lateAnswerTime = 60 * second

const firstRetry = 2 * second
const longestRetry = 5 * minute
const configurationRetry = minute
/** Milliseconds before a refused resource is requested again. */
export const resourceRetry = 5 * minute
/** Token bucket of forced refreshes: 5 at once, then one every 30 s. */
const forcedRefreshes = { size: 5, interval: 30 * second }

/** FNV-1a over UTF-16 units, as a fraction of 1: the same on every node and in every replay. */
export function hashFraction(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const char of parts.join('\u0000')) {
    hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193)
  }
  // FNV's high bits hardly vary for short inputs, so mix them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}

function jitter(context: AccountContext, salt: string | number): number {
  return hashFraction(context.account, context.generation, salt)
}

/** At 75 % to 92 % of the lifetime, spread so that accounts issued together are not refreshed together. */
export function softDeadline(context: AccountContext, issuedAt: number, expiresAt: number): number {
  const life = Math.max(0, expiresAt - issuedAt)
  return Math.round(issuedAt + life * (0.75 + 0.17 * jitter(context, 'soft')))
}

/** The latest time to refresh a new token, so that its grant is not unused for too long. */
export function refreshDeadline(context: AccountContext, issuedAt: number, expiresAt: number): number {
  if (expiresAt === never) return never
  const soft = softDeadline(context, issuedAt, expiresAt)
  return hasKeepAlive(context) ? Math.min(soft, keepAliveAt(context)) : soft
}

/** An access token that is exchanged for a newer one needs no keep-alive: providers require it to be a day old. */
function hasKeepAlive({ refreshable, refreshWith }: AccountContext): boolean {
  return refreshable && refreshWith === 'refresh_token'
}

/** At least daily, and well inside the provider's idle limit and the refresh token's own life. */
export function keepAliveAt(context: AccountContext): number {
  if (!hasKeepAlive(context)) return context.refreshAt
  const since = context.lastRefreshedAt ?? context.issuedAt
  const limits = [context.idleLimitMs, (context.grantEndsAt ?? 0) - since].filter((limit) => limit > 0)
  // A lifetime that refreshes do not extend would otherwise be halved without end.
  const longest = Math.min(24 * hour, ...limits.map((limit) => Math.max(minute, limit / 2)))
  return Math.round(since + longest * (0.75 + 0.25 * jitter(context, 'keep-alive')))
}

/**
 * Exponential backoff from 2 s to 5 min, never less than the provider's Retry-After. Accounts with the same Retry-After are
 * spread over half that time again (5 min at most).
 */
export function backOffUntil(
  context: AccountContext,
  { at, failures, retryAfter, configuration }: BackOff,
): number {
  const doubled = Math.min(longestRetry, firstRetry * 2 ** Math.min(failures - 1, 16))
  const floor = configuration ? configurationRetry : 0
  const spread = 0.75 + 0.5 * jitter(context, failures)
  const asked = retryAfter ?? 0
  const comesBackBy = asked + Math.min(asked / 2, longestRetry) * jitter(context, `told ${failures}`)
  return Math.round(at + Math.max(Math.max(doubled, floor) * spread, comesBackBy))
}

interface BackOff {
  readonly at: number
  readonly failures: number
  readonly retryAfter: number | null
  readonly configuration: boolean
}

/** When to retry if a repeat may count as reuse: the later, the longer the access token is still valid. */
export function settledAt(context: AccountContext, at: number): number {
  const left = Math.max(0, context.expiresAt - at)
  return at + Math.max(settleTime, Math.min(left, lateAnswerTime + settleTime))
}

/** With a grace period, early enough that the node that finds the attempt overdue can repeat it within the period. */
export function giveUpAt(context: AccountContext, at: number): number {
  if (context.rotation !== 'grace') return at + giveUpAfter
  const latest = context.graceMs - sendWithin - foundWithin
  return at + Math.max(sendWithin + second, Math.min(giveUpAfter, latest))
}

/** True if the same refresh token may be sent again at once although its answer is missing. */
export function mayRepeat(context: AccountContext, at: number, doubtSince: number): boolean {
  const repeatable: Record<Rotation, boolean> = {
    none: true,
    'keeps-old': true,
    grace: at + sendWithin < doubtSince + context.graceMs,
    'until-used': false,
    strict: false,
  }
  return repeatable[context.rotation]
}

/** An answer is missing, and a repeat may count as reuse. */
export function isUnsafeToRepeat(context: AccountContext, at: number): boolean {
  return context.doubtSince !== null && !mayRepeat(context, at, context.doubtSince)
}

/** The earliest safe retry after a missing answer, for an account that has no token to serve. */
export function earliestInDoubt(context: AccountContext): number {
  const { since: at, failures, retryAt } = context
  // `retryAt` has another cause: Retry-After, or another failure.
  if (retryAt !== settledAt(context, at)) return retryAt
  const spaced = backOffUntil(context, { at, failures, retryAfter: null, configuration: false })
  return Math.min(retryAt, Math.max(spaced, at + settleTime))
}

/** A parked account is probed about once a day. */
export function parkedProbeAt(context: AccountContext, at: number): number {
  return Math.round(at + hour * (20 + 4 * jitter(context, at)))
}

/** An account waiting for its app wakes up now and then, in case the fan-out missed it. */
export function secretWakeAt(context: AccountContext, at: number): number {
  const slow = Math.round(at + hour * (1 + 0.5 * jitter(context, at)))
  return context.invalid === null && context.expiresAt > at ? Math.min(slow, context.expiresAt) : slow
}

/** When an account without an access token fetches its first one. */
export function firstTokenAt(context: AccountContext, at: number): number {
  return Math.round(at + second * jitter(context, 'first'))
}

/** The number of refreshes that callers may force now. */
export function forcedRefreshesLeft({ bucket }: AccountContext, at: number): number {
  return bucketLevel(bucket, forcedRefreshes, at)
}

/** How many refreshes callers may force at once: the size of the token bucket of an account. */
export const maxForcedRefreshes = forcedRefreshes.size

/** The default minimum validity is 30 s, or a quarter of a shorter lifetime. */
export function effectiveMinValidity(
  token: Pick<AccountContext, 'issuedAt' | 'expiresAt'>,
  minValidity: number | null,
): number {
  return minValidity ?? Math.min(30 * second, (token.expiresAt - token.issuedAt) / 4)
}
