import type { Change } from './account-change.ts'
import type { AccountContext, AccountState, Invalid } from './account-context.ts'
import type { GrantRestored, TokenRejected } from './account-events.ts'
import { origin } from './account-grant.ts'
import { machineReasons } from './reasons.ts'
import { tokenFor } from './resources.ts'
import { confirmsAfter, holdsBackFor, never } from './time-rules.ts'

/**
 * What becomes of a token that an API refused where no other can be had: one report holds it back for a while, a later
 * one parks the account. The token is kept: putting the account again restores it.
 */

interface Told<E> {
  readonly context: AccountContext
  readonly event: E
}

function isIrreplaceable({ context, event }: Told<TokenRejected>): boolean {
  return (
    !context.refreshable &&
    event.resource === null &&
    event.generation === tokenFor(context, null)?.generation
  )
}

function earlier({ rejection, tokenGeneration }: AccountContext) {
  return rejection?.generation === tokenGeneration ? rejection : null
}

/** Requests sent at the same time say the same thing once. */
export function confirmsRejection(told: Told<TokenRejected>): boolean {
  const first = earlier(told.context)
  return isIrreplaceable(told) && first !== null && told.event.at >= first.since + confirmsAfter
}

export function isFreshRejection(told: Told<TokenRejected>): boolean {
  const first = earlier(told.context)
  return isIrreplaceable(told) && (first === null || told.event.at >= first.until)
}

export function holdBack(context: AccountContext, { at, generation }: TokenRejected): Change {
  return { rejection: { generation, since: earlier(context)?.since ?? at, until: at + holdsBackFor } }
}

export const tokenRejected: Invalid = {
  state: 'revoked',
  reason: 'token_rejected',
  class: 'S',
  recoverable: true,
  action: machineReasons.token_rejected.action,
  reported: true,
  providerError: { status: 401, error: 'token_rejected' },
}

/** How much longer it is not served, in milliseconds; 0 where it is. */
export function heldBackFor(
  { rejection }: AccountContext,
  { generation, at }: { generation: number; at: number },
) {
  return rejection?.generation === generation ? Math.max(0, rejection.until - at) : 0
}

/** Parked, with a token that lives and cannot be replaced. */
export function hasTokenToRestore({ context, event }: Told<GrantRestored>): boolean {
  return context.invalid?.class === 'S' && !context.refreshable && context.expiresAt > event.at
}

export function restoreToken(context: AccountContext, from: AccountState): Change {
  const { refreshAt } = context
  return {
    invalid: null,
    rejection: null,
    previousState: origin(context, from),
    wakeAt: refreshAt === never ? null : refreshAt,
  }
}
