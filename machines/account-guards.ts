import type { AccountContext, AccountState } from './account-context.ts'
import type {
  AccountAuthorized,
  AccountEvent,
  AppChanged,
  AppProbe,
  GrantRevoked,
  RefreshFailed,
  RefreshKept,
  RefreshSucceeded,
  TimerDue,
  TokenRejected,
  TokenRequested,
} from './account-events.ts'
import { isGrantEnding } from './grant-end.ts'
import { mayFetch, tokenFor } from './resources.ts'
import {
  earliestInDoubt,
  effectiveMinValidity,
  forcedRefreshesLeft,
  isUnsafeToRepeat,
  mayRepeat,
} from './time-rules.ts'

type Asked<E extends AccountEvent> = (args: { context: AccountContext; event: E }) => boolean

export const bringsAccessToken: Asked<AccountAuthorized> = ({ event }) =>
  event.expiresAt !== null && event.expiresAt > event.at

export const hasGrant: Asked<AccountEvent> = ({ context }) => context.grantId !== null

// Refreshing ahead and on request

/** `force` with `ifGeneration` refreshes only that generation; the token bucket limits forced refreshes. */
export const mayForce: Asked<TokenRequested> = ({ context, event }) =>
  event.resource === null &&
  event.force &&
  context.refreshable &&
  (event.ifGeneration === null || event.ifGeneration === context.tokenGeneration) &&
  forcedRefreshesLeft(context, event.at) >= 1

/** A `minValidity` longer than the remaining lifetime starts a refresh only after a quarter of the lifetime. */
export const livesTooShort: Asked<TokenRequested> = ({ context, event }) =>
  event.resource === null &&
  context.refreshable &&
  context.expiresAt - event.at < effectiveMinValidity(context, event.minValidity) &&
  event.at - context.issuedAt >= (context.expiresAt - context.issuedAt) / 4

export const mayStart: Asked<TokenRequested> = ({ context, event }) =>
  event.resource === null && context.refreshable && event.at >= context.retryAt

export const fetchesResource: Asked<TokenRequested> = ({ context, event }) => mayFetch(context, event)

export const forcesResource: Asked<TokenRequested> = (args) => args.event.force && fetchesResource(args)

// Reported rejections

export const rejectsCurrent: Asked<TokenRejected> = (args) =>
  isAboutCurrent(args) && args.context.rejected !== args.event.generation

const isAboutCurrent: Asked<TokenRejected> = ({ context, event }) =>
  event.generation === tokenFor(context, event.resource)?.generation

export const mayReplaceRejected: Asked<TokenRejected> = ({ context, event }) =>
  isAboutCurrent({ context, event }) &&
  context.refreshable &&
  event.at >= context.retryAt &&
  forcedRefreshesLeft(context, event.at) >= 1

/** The token is not served anyway, so wait no longer than is safe. */
export const mayReplaceInDoubt: Asked<TokenRejected> = (args) =>
  rejectsInDoubt(args) &&
  args.context.refreshable &&
  args.event.at >= earliestInDoubt(args.context) &&
  forcedRefreshesLeft(args.context, args.event.at) >= 1

/** A missing answer may have ended this token, so one report is sufficient. */
export const rejectsInDoubt: Asked<TokenRejected> = (args) =>
  isAboutCurrent(args) && args.context.rejected === null && isUnsafeToRepeat(args.context, args.event.at)

// Time

export const isDue: Asked<TimerDue> = ({ context, event }) =>
  context.wakeAt !== null && event.at >= context.wakeAt

export const nearsItsEnd: Asked<TimerDue> = ({ context, event }) => isGrantEnding(context, event.at)

/** Adaptive refreshes ahead only tokens that were requested, lazy never; both sleep until a request or the keep-alive. */
export const refreshesAhead: Asked<TimerDue> = ({ context, event }) =>
  isDue({ context, event }) &&
  context.refreshable &&
  (context.policy === 'eager' || (context.policy === 'adaptive' && event.used))

export const mayTryAgain: Asked<TimerDue> = ({ context, event }) =>
  isDue({ context, event }) && context.refreshable && event.at >= context.retryAt

export const ranOutForGood: Asked<TimerDue> = ({ context, event }) =>
  !context.refreshable && context.grantId !== null && event.at >= context.expiresAt

export const attemptIsLost: Asked<TimerDue> = ({ context, event }) =>
  context.attempt !== null && event.at >= context.attempt.giveUpAt

/** The first two repeats follow at once, later ones with backoff. */
export const mayRepeatAtOnce: Asked<TimerDue> = (args) => {
  const { attempt, failures, doubtSince } = args.context
  if (!attemptIsLost(args)) return false
  if (attempt?.probe === true) return mayRepeatProbe(args)
  return (
    failures < 2 && mayRepeat(args.context, args.event.at, doubtSince ?? attempt?.startedAt ?? args.event.at)
  )
}

/**
 * A probe is repeated once, within a grace period: the provider may have rotated the refresh token, and would count the next
 * probe, hours later, as reuse.
 */
const mayRepeatProbe: Asked<AccountEvent> = ({ context, event }) =>
  context.attempt?.probe === true &&
  context.rotation === 'grace' &&
  context.doubtSince === null &&
  mayRepeat(context, event.at, context.attempt.startedAt)

export const canRefresh: Asked<AccountEvent> = ({ context }) => context.refreshable

/** Not while a repeat of an unanswered request may count as reuse, or the provider asked to wait. */
export const mayRefreshNow: Asked<AccountEvent> = ({ context, event }) =>
  context.refreshable && event.at >= context.retryAt

export const probesDownApp: Asked<AppProbe> = (args) => args.event.down === true && mayRefreshNow(args)

// Answers

/** An answer is accepted if it used the current refresh token, whichever attempt it belongs to. */
export const answersCurrentToken: Asked<RefreshSucceeded> = ({ context, event }) =>
  event.grantId === context.grantId && event.baseGeneration === context.generation

/** The answer is for a second token: the account's own stays unchanged. */
export const answersForResource: Asked<RefreshSucceeded> = (args) =>
  answersCurrentToken(args) && args.event.resource !== null

export const answersUndisturbed: Asked<RefreshSucceeded> = (args) =>
  answersForResource(args) && isForResourceFromValid(args.context)

function isForResourceFromValid({ attempt }: AccountContext): boolean {
  return attempt !== null && attempt.resource !== null && attempt.from === 'valid'
}

/** A grant reported as ended stays ended; any other may be revived by a late answer. */
export const mayProveItself: Asked<RefreshSucceeded> = (args) =>
  answersCurrentToken(args) &&
  !(args.context.invalid?.reported === true && args.context.invalid.class === 'A')

/** The refresh token it used was already answered by another attempt: both answers may be valid. */
export const answersPreviousToken: Asked<RefreshSucceeded> = ({ context, event }) =>
  event.grantId === context.grantId &&
  event.baseGeneration === context.generation - 1 &&
  event.attempt !== context.answeredBy &&
  event.rotated &&
  !context.hasSibling

type FailureAsked = Asked<RefreshFailed>

export const endsAttempt: FailureAsked = ({ context, event }) =>
  event.attempt === context.attempt?.id && event.baseGeneration === context.generation

/** Recorded once per attempt. */
export const isOfAttempt: Asked<RefreshKept> = ({ context, event }) =>
  event.attempt === context.attempt?.id && context.lastError?.reason !== 'internal_error'

export const isRefused: FailureAsked = (args) => endsAttempt(args) && args.event.class === 'R'

/** Any class except T and P. */
export const isResourceRefused: FailureAsked = (args) =>
  endsAttempt(args) &&
  args.context.attempt?.resource !== null &&
  args.event.class !== 'T' &&
  args.event.class !== 'P'

export const isResourceRefusedAlone: FailureAsked = (args) =>
  isResourceRefused(args) && args.event.class === 'C' && isForResourceFromValid(args.context)

/** No answer is missing, so the account's own token is unaffected. */
export const resourceFailed: FailureAsked = (args) =>
  endsAttempt(args) &&
  args.event.class === 'T' &&
  !args.event.inDoubt &&
  args.context.doubtSince === null &&
  isForResourceFromValid(args.context)

export const mayTrySibling: FailureAsked = (args) => isRefused(args) && args.context.hasSibling

/**
 * The previous refresh token is sent only if the provider keeps it valid: always for `keeps-old`; for `until-used` while its
 * successor has not been used, that is, while no answer to it is missing. For `strict` and `grace` it would count as reuse
 * and revoke the whole token family (RFC 9700 §4.14.2).
 */
export const mayTryPrevious: FailureAsked = (args) => {
  const { context } = args
  if (!isRefused(args) || !context.hasPrevious || context.attempt?.spend === 'previous') return false
  if (context.rotation === 'keeps-old') return true
  return context.rotation === 'until-used' && context.doubtSince === null && !args.event.inDoubt
}

export const isDead: FailureAsked = (args) =>
  endsAttempt(args) && (args.event.class === 'A' || args.event.class === 'R')

export const isParked: FailureAsked = (args) => endsAttempt(args) && args.event.class === 'S'

export const isAppsFault: FailureAsked = (args) => endsAttempt(args) && args.event.class === 'P'

export const probeFailed =
  (from: AccountState): FailureAsked =>
  (args) =>
    endsAttempt(args) && isProbeFrom(args.context, from)

/** The connection of the probe broke before its answer. */
export const mayRepeatBrokenProbe: FailureAsked = (args) =>
  endsAttempt(args) && args.event.inDoubt && mayRepeatProbe(args)

export const probeIsLost =
  (from: AccountState): Asked<TimerDue> =>
  (args) =>
    attemptIsLost(args) && isProbeFrom(args.context, from)

function isProbeFrom({ attempt }: AccountContext, from: AccountState): boolean {
  return attempt?.probe === true && attempt.from === from
}

// Reports

/** False if the grant is dead already, or if the report is older than this grant. */
export const isNewReport: Asked<GrantRevoked> = ({ context: { grantId, invalid, authorizedAt }, event }) =>
  grantId !== null &&
  event.endedAt >= authorizedAt &&
  !(invalid?.state === 'revoked' && (invalid.class === 'A' || invalid.reason === event.reason))

export const isParkedGrant: Asked<AccountEvent> = ({ context }) =>
  context.invalid?.class === 'S' && context.refreshable

/** Parked under known settings of the app, so that other settings may revive the grant. */
export function waitsForApp({ invalid, refreshable }: AccountContext): boolean {
  return invalid?.class === 'S' && invalid.settings !== undefined && refreshable
}

/** Settings under which it was refused are not tried again. */
export const meetsOtherSettings: Asked<AppChanged> = ({ context, event }) =>
  waitsForApp(context) && context.invalid?.settings !== event.settings
