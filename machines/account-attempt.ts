import type { Change } from './account-change.ts'
import type { AccountContext, AccountState, Spend } from './account-context.ts'
import type { AccountEvent, RefreshFailed, TimerDue, TokenRejected } from './account-events.ts'
import type { Resource } from './account-resource.ts'
import {
  backOffUntil,
  earliestInDoubt,
  forcedRefreshesLeft,
  giveUpAt,
  isUnsafeToRepeat,
  mayRepeat,
  sendWithin,
  settledAt,
} from './time-rules.ts'

export interface AttemptParams {
  readonly from: AccountState
  readonly spend?: Spend
  readonly probe?: boolean
  /** The claims of the attempt that this one continues. */
  readonly claims?: string | null
  readonly resource?: Resource | null
  readonly resumeAt?: number | null
}

export function startAttempt(context: AccountContext, event: AccountEvent, params: AttemptParams): Change {
  const { spend = 'current', probe = false, claims = challengeOf(event) } = params
  const { from, resource = askedFor(event), resumeAt = context.wakeAt } = params
  const attempt = {
    id: event.id,
    grantId: context.grantId as string,
    generation: context.generation,
    from,
    probe,
    spend,
    claims,
    resource,
    resumeAt,
    startedAt: event.at,
    sendBy: event.at + sendWithin,
    giveUpAt: giveUpAt(context, event.at),
  }
  return { attempt, wakeAt: attempt.giveUpAt }
}

function challengeOf(event: AccountEvent): string | null {
  return event.type === 'token.rejected' ? event.claims : null
}

function askedFor(event: AccountEvent): Resource | null {
  return event.type === 'token.rejected' || event.type === 'token.requested' ? event.resource : null
}

/** Sends the token of the lost attempt once more. */
export function repeatAttempt(context: AccountContext, event: TimerDue | RefreshFailed): Change {
  return startAttempt(context, event, { from: 'expiring', ...context.attempt })
}

/** Continues the attempt, or probe, with another of the grant's refresh tokens. */
export function continueWith(context: AccountContext, event: RefreshFailed, spend: Spend): Change {
  const change = startAttempt(context, event, { from: 'expiring', ...context.attempt, spend })
  return spend === 'sibling' ? { ...change, hasSibling: false } : change
}

export function spendFromBucket(context: AccountContext, event: AccountEvent): Change {
  return { bucket: { level: forcedRefreshesLeft(context, event.at) - 1, at: event.at } }
}

export function noteRejection(_: AccountContext, event: TokenRejected): Change {
  return { rejected: event.generation }
}

/** An attempt without an answer leaves the grant in doubt: the provider may have rotated the refresh token. */
export function noteDoubt(context: AccountContext): Change {
  return {
    doubtSince: context.doubtSince ?? context.attempt?.startedAt ?? null,
    failures: context.failures + 1,
  }
}

/** A single report of a 401 may be wrong, so it ends with the attempt; it stays while a missing answer may have ended the token. */
export function endAttempt(context: AccountContext, { at }: AccountEvent): Change {
  return { attempt: null, rejected: isUnsafeToRepeat(context, at) ? context.rejected : null }
}

/** Retries as soon as it is safe, because no token is served meanwhile. */
export function hasten(context: AccountContext, { at }: TokenRejected): Change {
  const retryAt = Math.max(at, earliestInDoubt(context))
  return { retryAt, wakeAt: retryAt }
}

export function settle(context: AccountContext, event: TimerDue): Change {
  const repeatable = mayRepeat(context, event.at, context.doubtSince ?? event.at)
  const retryAt = repeatable
    ? backOffUntil(context, { ...event, failures: context.failures, retryAfter: null, configuration: false })
    : settledAt(context, event.at)
  return { ...endAttempt(context, event), retryAt, wakeAt: retryAt }
}
