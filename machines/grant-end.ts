import type { AccountContext } from './account-context.ts'

const day = 24 * 3_600_000
const warnedBefore = 7 * day

/** When the refresh token expires, if known: reported by the provider, or because the app is in testing mode. */
export function grantEnd(context: AccountContext): number | null {
  const { grantEndsAt, testingLifeMs, authorizedAt } = context
  const tested = testingLifeMs > 0 ? [authorizedAt + testingLifeMs] : []
  const ends = [...(grantEndsAt === null ? [] : [grantEndsAt]), ...tested]
  return context.grantId === null || !context.refreshable || ends.length === 0 ? null : Math.min(...ends)
}

/** When to announce that the grant expires; null if there is nothing to announce. */
export function warningAt(context: AccountContext): number | null {
  const end = grantEnd(context)
  if (end === null || context.grantEndTold || context.invalid?.state === 'revoked') return null
  return end - warnedBefore
}

/** Is it time to announce that the grant ends? */
export function isGrantEnding(context: AccountContext, at: number): boolean {
  const warning = warningAt(context)
  return warning !== null && at >= warning
}

/** The next wake-up time: the machine's own, or that of the expiry warning. */
export function wakesAt(context: AccountContext): number | null {
  const times = [context.wakeAt, warningAt(context)].filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

interface Learned {
  readonly at: number
  /** When the current refresh token was issued. */
  readonly bornAt: number
  /** Whether the expiry of this grant has been announced. */
  readonly warned: boolean
}

/**
 * The expiry of a grant is announced once, and again only if it was extended beyond the warning time. Lifetimes of less than
 * a day are never announced.
 */
export function grantEndTold(context: AccountContext, { at, bornAt, warned }: Learned): boolean {
  const end = grantEnd(context)
  if (end === null) return false
  if (end - bornAt < day) return true
  return end - warnedBefore > at ? false : warned
}
