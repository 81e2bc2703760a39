import { endAttempt } from './account-attempt.ts'
import type { Change } from './account-change.ts'
import type { AccountContext } from './account-context.ts'
import type { AccountEvent, RefreshFailed } from './account-events.ts'
import { machineReasons } from './reasons.ts'
import { backOffUntil, mayRepeat, parkedProbeAt, secretWakeAt, settledAt } from './time-rules.ts'

function lastErrorOf({ at, reason, action, providerError, class: errorClass }: RefreshFailed): Change {
  return { lastError: { at, class: errorClass, reason, action, providerError } }
}

/** The account's token is still served, but it is not refreshed until the bug is fixed. */
export function noteInternalError(_: AccountContext, { at }: AccountEvent): Change {
  return {
    lastError: {
      at,
      class: 'T',
      reason: 'internal_error',
      action: machineReasons.internal_error.action,
      providerError: { status: 200, error: 'internal_error' },
    },
  }
}

export function noteFailure(context: AccountContext, event: RefreshFailed): Change {
  const doubt = event.inDoubt
    ? { doubtSince: context.doubtSince ?? context.attempt?.startedAt ?? event.at }
    : {}
  const unknownWords = countUnknownWords(context, event)
  return { ...lastErrorOf(event), ...doubt, unknownWords, failures: context.failures + 1 }
}

/** A transient failure does not interrupt a series of refusals with unknown codes; any other known answer does. */
function countUnknownWords(context: AccountContext, event: RefreshFailed): AccountContext['unknownWords'] {
  const { unknownWords: known } = context
  if (event.unknownWords) return { count: (known?.count ?? 0) + 1, since: known?.since ?? event.at }
  return event.class === 'T' ? known : null
}

/** After a send without an answer, waits at least the settle time if the provider may treat a repeat as reuse. */
export function backOff(context: AccountContext, event: RefreshFailed): Change {
  const spaced = backOffUntil(context, {
    at: event.at,
    failures: context.failures,
    retryAfter: event.retryAfter,
    configuration: event.class === 'C',
  })
  const retryAt = Math.max(spaced, settledAfter(context, event))
  return { ...endAttempt(context, event), retryAt, wakeAt: retryAt }
}

/** The earliest time of another attempt if this one has no answer and a repeat may count as reuse; else 0. */
function settledAfter(context: AccountContext, event: AccountEvent): number {
  const isAnswered = event.type === 'refresh.failed' && !event.inDoubt
  if (context.attempt === null || isAnswered) return 0
  return mayRepeat(context, event.at, context.doubtSince ?? event.at) ? 0 : settledAt(context, event.at)
}

/** A temporary failure of a second token leaves the account's own token as it is. */
export function backOffResource(context: AccountContext, event: RefreshFailed): Change {
  return { ...backOff(context, event), wakeAt: context.attempt?.resumeAt ?? event.at }
}

export function parkAgain(context: AccountContext, event: AccountEvent): Change {
  return { ...endProbe(context, event), wakeAt: parkedProbeAt(context, event.at) }
}

export function waitForSecret(context: AccountContext, event: AccountEvent): Change {
  return { ...endProbe(context, event), wakeAt: secretWakeAt(context, event.at) }
}

function endProbe(context: AccountContext, event: AccountEvent): Change {
  const retryAt = Math.max(context.retryAt, settledAfter(context, event))
  return { ...endAttempt(context, event), retryAt }
}
