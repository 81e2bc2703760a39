import type { Change } from './account-change.ts'
import type { AccountContext, AccountState, LastError } from './account-context.ts'
import { absentAccount } from './account-context.ts'
import type { AccountAuthorized, AccountUpdated, RefreshSucceeded } from './account-events.ts'
import { grantEndTold } from './grant-end.ts'
import { machineReasons } from './reasons.ts'
import { storeForResource } from './resources.ts'
import {
  defaultLife,
  firstTokenAt,
  keepAliveAt,
  maxForcedRefreshes,
  never,
  refreshDeadline,
} from './time-rules.ts'

/** Starts a new grant: attempt, doubt and spare tokens of the previous one are discarded. */
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
    bucket: { level: maxForcedRefreshes, at: event.at },
  }
  const warned = known && context.grantEndTold
  const learned = { at: event.at, bornAt: granted.authorizedAt, warned }
  const next = { ...granted, grantEndTold: grantEndTold(granted, learned) }
  const refreshAt = refreshDeadline(next, next.issuedAt, next.expiresAt)
  if (next.expiresAt > event.at) return { ...next, refreshAt, wakeAt: refreshAt === never ? null : refreshAt }
  // Without an access token fetch one at once; an expired one is refreshed only by policy or on request.
  const wanted = event.expiresAt === null || next.policy === 'eager'
  return { ...next, refreshAt, wakeAt: wanted ? firstTokenAt(next, event.at) : (rest(next).wakeAt ?? null) }
}

export function adoptSettings(context: AccountContext, { at, settings }: AccountUpdated): Change {
  const { authorizedAt: bornAt, grantEndTold: warned } = context
  return { ...settings, grantEndTold: grantEndTold({ ...context, ...settings }, { at, bornAt, warned }) }
}

/** Only the generation of a removed account is kept, so that generations never repeat. */
export function forget(context: AccountContext): Change {
  return { ...absentAccount(context), generation: context.generation }
}

/** Sleeps until a request, the keep-alive, or the expiry of a token that cannot be refreshed. */
export function rest(context: AccountContext): Change {
  return { wakeAt: context.refreshable ? keepAliveAt(context) : context.expiresAt, retryAt: 0 }
}

/** The state before the account was announced invalid, or before the attempt, or the current one. */
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
    grantEndTold: grantEndTold(kept, { at: event.at, bornAt, warned: context.grantEndTold }),
    answeredBy: event.attempt,
    doubtSince: null,
    hasPrevious: event.rotated,
    hasSibling: false,
    lastError: event.scopesCut ? scopesCut(event.at) : null,
    unknownWords: null,
    previousState: origin(context, from),
  }
}

/** Not an error of the token; it makes visible that not all of its scopes are stored. */
function scopesCut(at: number): LastError {
  return {
    at,
    class: 'T',
    reason: 'scopes_cut',
    action: machineReasons.scopes_cut.action,
    providerError: { status: 200, error: 'scopes_cut' },
  }
}

/** The expiry reported for the new refresh token, or the known one if it was not rotated. */
function grantEnd({ grantEndsAt }: AccountContext, event: RefreshSucceeded): number | null {
  if (event.refreshTokenExpiresIn !== null) return event.startedAt + event.refreshTokenExpiresIn
  return event.rotated ? null : grantEndsAt
}

export function proveAtOnce(_: AccountContext, event: RefreshSucceeded): Change {
  return { wakeAt: event.at, retryAt: event.at }
}
