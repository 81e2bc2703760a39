import type { AccountContext, AccountState, LastError, Resource, Spend } from './account-context.ts'
import { absentAccount } from './account-context.ts'
import type {
  AccountAuthorized,
  AccountEvent,
  AccountUpdated,
  RefreshFailed,
  RefreshSucceeded,
  TimerDue,
  TokenRejected,
} from './account-events.ts'
import { grantEndTold } from './grant-end.ts'
import { storeForResource } from './resources.ts'
import {
  backOffUntil,
  bucketLevel,
  defaultLife,
  earliestInDoubt,
  firstTokenAt,
  fullBucket,
  giveUpAt,
  isUnsafeToRepeat,
  keepAliveAt,
  mayRepeat,
  never,
  parkedProbeAt,
  refreshDeadline,
  secretWakeAt,
  sendWithin,
  settledAt,
} from './time-rules.ts'

export type Change = Partial<AccountContext>

/** A new grant starts afresh: whatever the older one left behind (attempt, doubt, spares) no longer counts. */
export function adoptGrant(context: AccountContext, event: AccountAuthorized, from: AccountState): Change {
  const known = event.grantId === context.grantId
  const granted: AccountContext = {
    ...absentAccount(context),
    ...event.settings,
    grantId: event.grantId,
    refreshable: event.refreshable,
    generation: context.generation + 1,
    tokenGeneration: context.generation + 1,
    issuedAt: event.at,
    expiresAt: event.expiresAt ?? 0,
    scopes: event.scopes,
    since: event.at,
    previousState: context.grantId === null ? null : origin(context, from),
    authorizedAt: known ? context.authorizedAt : event.at,
    grantEndsAt: event.grantEndsAt ?? (known ? context.grantEndsAt : null),
    bucket: { level: fullBucket, at: event.at },
  }
  const told = known && context.grantEndTold
  const learned = { at: event.at, bornAt: granted.authorizedAt, told }
  const next = { ...granted, grantEndTold: grantEndTold(granted, learned) }
  const refreshAt = refreshDeadline(next, next.issuedAt, next.expiresAt)
  if (next.expiresAt > event.at) return { ...next, refreshAt, wakeAt: refreshAt === never ? null : refreshAt }
  // Who puts no token wants one; a token that has run out is nobody's wish by itself.
  const wanted = event.expiresAt === null || next.policy === 'eager'
  return { ...next, refreshAt, wakeAt: wanted ? firstTokenAt(next, event.at) : (rest(next).wakeAt ?? null) }
}

export function adoptSettings(context: AccountContext, { at, settings }: AccountUpdated): Change {
  const { authorizedAt: bornAt, grantEndTold: told } = context
  return { ...settings, grantEndTold: grantEndTold({ ...context, ...settings }, { at, bornAt, told }) }
}

/** What stays of a removed account: its generation, so that a later one never repeats a number. */
export function forget(context: AccountContext): Change {
  return { ...absentAccount(context), generation: context.generation }
}

export interface AttemptParams {
  readonly from: AccountState
  readonly spend?: Spend
  readonly probe?: boolean
  /** Of the attempt that this one goes on with. */
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

/** The lost attempt's token once more, for the same reason. */
export function repeatAttempt(context: AccountContext, event: TimerDue): Change {
  return startAttempt(context, event, { from: 'expiring', ...context.attempt, probe: false })
}

/** The same probe, or the same ordinary attempt, goes on with another of the grant's tokens. */
export function continueWith(context: AccountContext, event: RefreshFailed, spend: Spend): Change {
  const change = startAttempt(context, event, { from: 'expiring', ...context.attempt, spend })
  return spend === 'sibling' ? { ...change, hasSibling: false } : change
}

export function spendFromBucket(context: AccountContext, event: AccountEvent): Change {
  return { bucket: { level: bucketLevel(context.bucket, event.at) - 1, at: event.at } }
}

export function noteRejection(_: AccountContext, event: TokenRejected): Change {
  return { rejected: event.generation }
}

/** Nothing refreshes ahead: rest until asked or kept alive, or until a token that came alone runs out. */
export function rest(context: AccountContext): Change {
  return { wakeAt: context.refreshable ? keepAliveAt(context) : context.expiresAt, retryAt: 0 }
}

/** An attempt without an answer leaves doubt: the provider may have rotated the token. */
export function noteDoubt(context: AccountContext): Change {
  return {
    doubtSince: context.doubtSince ?? context.attempt?.startedAt ?? null,
    failures: context.failures + 1,
  }
}

/** One false 401 blinds nobody; but while an answer is missing that may have ended the token, a report stands. */
export function endAttempt(context: AccountContext, { at }: AccountEvent): Change {
  return { attempt: null, rejected: isUnsafeToRepeat(context, at) ? context.rejected : null }
}

/** As soon as it is safe: nobody is served meanwhile. */
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

/** Before the account was announced invalid, or before the attempt began, or what it is now. */
export function origin(context: AccountContext, from: AccountState): AccountState {
  return context.invalid?.state ?? context.attempt?.from ?? from
}

export function storeAnswer(context: AccountContext, event: RefreshSucceeded, from: AccountState): Change {
  const stored = renewGrant(context, event, from)
  return event.resource === null ? stored : storeForResource(context, event, stored)
}

function renewGrant(context: AccountContext, event: RefreshSucceeded, from: AccountState): Change {
  const generation = context.generation + 1
  const expiresAt = event.startedAt + (event.expiresIn ?? defaultLife)
  const grantEndsAt = grantEnd(context, event)
  const kept = { ...context, generation, grantEndsAt, lastRefreshedAt: event.at }
  const refreshAt = refreshDeadline(kept, event.startedAt, expiresAt)
  const bornAt = event.rotated ? event.startedAt : context.authorizedAt
  return {
    attempt: null,
    rejected: null,
    generation,
    tokenGeneration: generation,
    issuedAt: event.startedAt,
    expiresAt,
    refreshAt,
    wakeAt: refreshAt,
    retryAt: 0,
    failures: 0,
    scopes: event.scopes ?? context.scopes,
    lastRefreshedAt: event.at,
    grantEndsAt,
    grantEndTold: grantEndTold(kept, { at: event.at, bornAt, told: context.grantEndTold }),
    answeredBy: event.attempt,
    doubtSince: null,
    hasPrevious: event.rotated,
    hasSibling: false,
    lastError: event.scopesCut ? scopesCut(event.at) : null,
    unknownWords: null,
    previousState: origin(context, from),
  }
}

/** Nothing is wrong with the token; that not all of its scopes are listed is to be seen somewhere. */
function scopesCut(at: number): LastError {
  return {
    at,
    class: 'T',
    reason: 'scopes_cut',
    action: 'none: the provider named more scopes, or longer ones, than are kept (256 of 512 bytes each)',
    providerError: { status: 200, error: 'scopes_cut' },
  }
}

/** Told for the token that came, or again for the one that stays. */
function grantEnd({ grantEndsAt }: AccountContext, event: RefreshSucceeded): number | null {
  if (event.refreshTokenExpiresIn !== null) return event.startedAt + event.refreshTokenExpiresIn
  return event.rotated ? null : grantEndsAt
}

export function proveAtOnce(_: AccountContext, event: RefreshSucceeded): Change {
  return { wakeAt: event.at, retryAt: event.at }
}

function lastErrorOf({ at, reason, action, providerError, class: errorClass }: RefreshFailed): Change {
  return { lastError: { at, class: errorClass, reason, action, providerError } }
}

/** The account is as well as before, and its token is served; but it goes no further until our fault is mended. */
export function noteInternalError(_: AccountContext, { at }: AccountEvent): Change {
  return {
    lastError: {
      at,
      class: 'T',
      reason: 'internal_error',
      action: 'none for the account: its new tokens are kept; upgrade tokenbus, or report what its log says',
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

/** What says nothing (a time-out, a busy provider) ends no row of refusals; what is understood does. */
function countUnknownWords(context: AccountContext, event: RefreshFailed): AccountContext['unknownWords'] {
  const { unknownWords: known } = context
  if (event.unknownWords) return { count: (known?.count ?? 0) + 1, since: known?.since ?? event.at }
  return event.class === 'T' ? known : null
}

/** After a doubtful send to a provider that may punish a repeat, rest at least the settle time. */
export function backOff(context: AccountContext, event: RefreshFailed): Change {
  const spaced = backOffUntil(context, {
    at: event.at,
    failures: context.failures,
    retryAfter: event.retryAfter,
    configuration: event.class === 'C',
  })
  const risky = event.inDoubt && !mayRepeat(context, event.at, context.doubtSince ?? event.at)
  const retryAt = risky ? Math.max(spaced, settledAt(context, event.at)) : spaced
  return { ...endAttempt(context, event), retryAt, wakeAt: retryAt }
}

/** A second token that could not be fetched for the moment disturbs nobody else. */
export function backOffResource(context: AccountContext, event: RefreshFailed): Change {
  return { ...backOff(context, event), wakeAt: context.attempt?.resumeAt ?? event.at }
}

export function parkAgain(context: AccountContext, event: AccountEvent): Change {
  return { ...endAttempt(context, event), wakeAt: parkedProbeAt(context, event.at) }
}

export function waitForSecret(context: AccountContext, event: AccountEvent): Change {
  return { ...endAttempt(context, event), wakeAt: secretWakeAt(context, event.at) }
}
