import type { AccountContext, Rotation } from './account-context.ts'
import { bucketLevel } from './token-bucket.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** A request that has not left by then is dropped unsent. */
export const sendWithin = 3 * second
/** The cluster waits this long for an answer; the socket is kept longer. */
export const giveUpAfter = 15 * second
/** An overdue attempt is found by then, unless nobody is there. */
const foundWithin = 2 * second
/** A token whose answer does not say how long it lives. */
export const defaultLife = hour
/** The expiry of a token that nobody says will end: a time that JSON, a sorted set and an ISO 8601 text can hold. */
export const never = 253_402_300_799_000
/** How long one report of a 401 keeps a token that cannot be replaced from being served. */
export const holdsBackFor = 30 * second
/** A later report confirms the first one only after this: until then it may be of requests sent at the same time. */
export const confirmsAfter = minute
/** The least time between a doubtful send and the next, where a repeat may count as reuse. */
export const settleTime = 5 * second
/** How long a late answer may still arrive (the socket is kept this long after `giveUpAt`). */
export const lateAnswerTime = 60 * second

const firstRetry = 2 * second
const longestRetry = 5 * minute
const configurationRetry = minute
/** A resource that was refused is not asked for again before this. */
export const resourceRetry = 5 * minute
/** Forced refreshes: 5 at once, then one each 30 s. */
const forcedRefreshes = { size: 5, interval: 30 * second }

/** FNV-1a over UTF-16 units, as a fraction of 1: the same on every node and in every replay. */
export function hashFraction(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const char of parts.join('\u0000')) {
    hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193)
  }
  // FNV's high bits barely move on short inputs: mix them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}

function jitter(context: AccountContext, salt: string | number): number {
  return hashFraction(context.account, context.generation, salt)
}

/** Accounts that were issued together do not refresh together: 75 % to 92 % of the life. */
export function softDeadline(context: AccountContext, issuedAt: number, expiresAt: number): number {
  const life = Math.max(0, expiresAt - issuedAt)
  return Math.round(issuedAt + life * (0.75 + 0.17 * jitter(context, 'soft')))
}

/** When a token that has just come is refreshed at the latest: its grant must not lie unused for long. */
export function refreshDeadline(context: AccountContext, issuedAt: number, expiresAt: number): number {
  if (expiresAt === never) return never
  const soft = softDeadline(context, issuedAt, expiresAt)
  return hasKeepAlive(context) ? Math.min(soft, keepAliveAt(context)) : soft
}

/** An access token that is exchanged for a newer one lies unused for as long as it lives: providers want it a day old. */
function hasKeepAlive({ refreshable, refreshWith }: AccountContext): boolean {
  return refreshable && refreshWith === 'refresh_token'
}

/** At least daily, and well inside the provider's idle limit and the refresh token's own life. */
export function keepAliveAt(context: AccountContext): number {
  if (!hasKeepAlive(context)) return context.refreshAt
  const since = context.lastRefreshedAt ?? context.issuedAt
  const limits = [context.idleLimitMs, (context.grantEndsAt ?? 0) - since].filter((limit) => limit > 0)
  // A life that no refresh prolongs would be halved without end.
  const longest = Math.min(24 * hour, ...limits.map((limit) => Math.max(minute, limit / 2)))
  return Math.round(since + longest * (0.75 + 0.25 * jitter(context, 'keep-alive')))
}

/**
 * Doubling from 2 s to 5 min, never before what the provider asked for: those it told the same come back over half as
 * long again (5 min at most), as they piled up over that time.
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

/** Where a repeat may be taken for reuse, rest; the longer, the longer the access token still serves. */
export function settledAt(context: AccountContext, at: number): number {
  const left = Math.max(0, context.expiresAt - at)
  return at + Math.max(settleTime, Math.min(left, lateAnswerTime + settleTime))
}

/** With a replay window the second send must still fall inside it, by whoever finds the first one overdue. */
export function giveUpAt(context: AccountContext, at: number): number {
  if (context.rotation !== 'grace') return at + giveUpAfter
  const latest = context.graceMs - sendWithin - foundWithin
  return at + Math.max(sendWithin + second, Math.min(giveUpAfter, latest))
}

/** May the same refresh token be sent again at once although its answer is missing? */
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

/** An answer is missing, and asking for it again may be taken for reuse. */
export function isUnsafeToRepeat(context: AccountContext, at: number): boolean {
  return context.doubtSince !== null && !mayRepeat(context, at, context.doubtSince)
}

/** When a rest in doubt may end for an account whose token is not served; never later than it would. */
export function earliestInDoubt(context: AccountContext): number {
  const { since: at, failures, retryAt } = context
  // Longer than both: the provider asked for it, or the failure was another one.
  if (retryAt !== settledAt(context, at)) return retryAt
  const spaced = backOffUntil(context, { at, failures, retryAfter: null, configuration: false })
  return Math.min(retryAt, Math.max(spaced, at + settleTime))
}

/** A parked account looks about once a day whether the person has acted. */
export function parkedProbeAt(context: AccountContext, at: number): number {
  return Math.round(at + hour * (20 + 4 * jitter(context, at)))
}

/** A waiting account of a broken app looks for itself now and then, should the fan-out have missed it. */
export function secretWakeAt(context: AccountContext, at: number): number {
  const slow = Math.round(at + hour * (1 + 0.5 * jitter(context, at)))
  return context.invalid === null && context.expiresAt > at ? Math.min(slow, context.expiresAt) : slow
}

/** An account that comes without an access token fetches its first one within this. */
export function firstTokenAt(context: AccountContext, at: number): number {
  return Math.round(at + second * jitter(context, 'first'))
}

/** How many refreshes callers may force now. */
export function forcedRefreshesLeft({ bucket }: AccountContext, at: number): number {
  return bucketLevel(bucket, forcedRefreshes, at)
}

/** How many refreshes callers may force at once: the size of the token bucket of an account. */
export const mostForcedRefreshes = forcedRefreshes.size

/** What a caller who states no wish gets: a token that lives 30 s more, or a quarter of a shorter life. */
export function effectiveMinValidity(
  token: Pick<AccountContext, 'issuedAt' | 'expiresAt'>,
  wish: number | null,
): number {
  return wish ?? Math.min(30 * second, (token.expiresAt - token.issuedAt) / 4)
}
