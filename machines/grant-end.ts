import type { AccountContext } from './account-context.ts'

const day = 24 * 3_600_000
const toldBefore = 7 * day

/** When the refresh token ends, as far as that is known: the provider has said so, or its app is still being tested. */
export function grantEnd(context: AccountContext): number | null {
  const { grantEndsAt, testingLifeMs, authorizedAt } = context
  const tested = testingLifeMs > 0 ? [authorizedAt + testingLifeMs] : []
  const ends = [...(grantEndsAt === null ? [] : [grantEndsAt]), ...tested]
  return context.grantId === null || !context.refreshable || ends.length === 0 ? null : Math.min(...ends)
}

/** When somebody is to be told that the grant nears its end; null where there is nothing to tell, or nothing more. */
export function warningAt(context: AccountContext): number | null {
  const end = grantEnd(context)
  if (end === null || context.grantEndTold || context.invalid?.state === 'revoked') return null
  return end - toldBefore
}

/** Is it time to announce that the grant ends? */
export function isGrantEnding(context: AccountContext, at: number): boolean {
  const warning = warningAt(context)
  return warning !== null && at >= warning
}

/** When the account's host has to wake it: for what it does next, or to tell that its grant nears its end. */
export function wakesAt(context: AccountContext): number | null {
  const wishes = [context.wakeAt, warningAt(context)].filter((wish) => wish !== null)
  return wishes.length === 0 ? null : Math.min(...wishes)
}

interface Learned {
  readonly at: number
  /** When the refresh token that is current now was new. */
  readonly bornAt: number
  /** Whether the end of this grant had been told so far. */
  readonly told: boolean
}

/**
 * Each grant's end is told once, and again only where it had been put off till later than a warning's time. What lives
 * for less than a day is meant to be short.
 */
export function grantEndTold(context: AccountContext, { at, bornAt, told }: Learned): boolean {
  const end = grantEnd(context)
  if (end === null) return false
  if (end - bornAt < day) return true
  return end - toldBefore > at ? false : told
}
