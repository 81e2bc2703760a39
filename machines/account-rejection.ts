import type { Change } from './account-change.ts'
import type { AccountContext, AccountState, Invalid } from './account-context.ts'
import type { GrantRestored, TokenRejected } from './account-events.ts'
import { origin } from './account-grant.ts'
import { machineReasons } from './reasons.ts'
import { tokenFor } from './resources.ts'
import { confirmsAfter, never, withholdFor } from './time-rules.ts'

/**
 * Rejections of a token that cannot be replaced: the first report withholds it for a while, a later one parks the account.
 * The token is kept, and putting the account again restores it.
 */

interface Given<E> {
  readonly context: AccountContext
  readonly event: E
}

function isIrreplaceable({ context, event }: Given<TokenRejected>): boolean {
  return (
    !context.refreshable &&
    event.resource === null &&
    event.generation === tokenFor(context, null)?.generation
  )
}

function earlier({ rejection, tokenGeneration }: AccountContext) {
  return rejection?.generation === tokenGeneration ? rejection : null
}

/** A report confirms the first one only after some time: concurrent requests fail for the same reason. */
export function confirmsRejection(given: Given<TokenRejected>): boolean {
  const first = earlier(given.context)
  return isIrreplaceable(given) && first !== null && given.event.at >= first.since + confirmsAfter
}

export function isFreshRejection(given: Given<TokenRejected>): boolean {
  const first = earlier(given.context)
  return isIrreplaceable(given) && (first === null || given.event.at >= first.until)
}

export function withhold(context: AccountContext, { at, generation }: TokenRejected): Change {
  return { rejection: { generation, since: earlier(context)?.since ?? at, until: at + withholdFor } }
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

/** Milliseconds for which the token is still withheld; 0 if it is served. */
export function withheldFor(
  { rejection }: AccountContext,
  { generation, at }: { generation: number; at: number },
) {
  return rejection?.generation === generation ? Math.max(0, rejection.until - at) : 0
}

/** Parked, with a valid token that cannot be replaced. */
export function hasTokenToRestore({ context, event }: Given<GrantRestored>): boolean {
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
