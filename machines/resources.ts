import type { AccountContext, Refused, Resource, ResourceToken } from './account-context.ts'
import type { AccountEvent, RefreshFailed, RefreshSucceeded, TokenRequested } from './account-events.ts'
import { effectiveMinValidity, forcedRefreshesLeft, resourceRetry, softDeadline } from './time-rules.ts'

/** As many second tokens as an account keeps: the least recently fetched goes first. */
const mostResources = 8

/** An access token of the account as it is handed out: its own, or the one for a resource. */
export interface HeldToken {
  readonly generation: number
  readonly issuedAt: number
  readonly expiresAt: number
  readonly refreshAt: number
  readonly scopes: readonly string[]
}

export function resourceOf({ resources }: AccountContext, { key }: Resource): ResourceToken | undefined {
  return resources.find((each) => each.key === key)
}

/** Null where there is none, or never was. */
export function tokenFor(context: AccountContext, resource: Resource | null): HeldToken | null {
  const { tokenGeneration: generation, issuedAt, expiresAt, refreshAt, scopes, refreshWith } = context
  if (refreshWith === 'subject_token') return null
  if (resource === null) return { generation, issuedAt, expiresAt, refreshAt, scopes }
  const known = resourceOf(context, resource)
  return known !== undefined && known.generation > 0 ? known : null
}

/** For this long nobody asks the provider again. */
export function refusalOf(context: AccountContext, resource: Resource | null, at: number): Refused | null {
  const refused = resource && resourceOf(context, resource)?.refused
  return refused && at < refused.retryAt ? refused : null
}

/** Only on request, and from the soft deadline on: who asks then is answered what is there. */
export function mayFetch(context: AccountContext, event: TokenRequested): boolean {
  const { resource, at, force, ifGeneration, minValidity } = event
  if (resource === null || !context.refreshable || at < context.retryAt) return false
  if (refusalOf(context, resource, at) !== null) return false
  const known = resourceOf(context, resource)
  if (known === undefined || known.generation === 0) return true
  if (force) {
    const meant = ifGeneration === null || ifGeneration === known.generation
    return meant && forcedRefreshesLeft(context, at) >= 1
  }
  const short = known.expiresAt - at < effectiveMinValidity(known, minValidity)
  return at >= known.refreshAt || (short && at - known.issuedAt >= (known.expiresAt - known.issuedAt) / 4)
}

type Change = Partial<AccountContext>

function upsert({ resources }: AccountContext, changed: ResourceToken): Change {
  return { resources: [...resources.filter(({ key }) => key !== changed.key), changed].slice(-mostResources) }
}

/** `stored` is what the answer makes of the grant; of it, the account's own token stays as it was. */
export function storeForResource(context: AccountContext, event: RefreshSucceeded, stored: Change): Change {
  const { key, scopes } = event.resource as Resource
  const { generation = 0, expiresAt = 0, issuedAt = 0 } = stored
  const refreshAt = softDeadline({ ...context, generation }, issuedAt, expiresAt)
  const granted = event.scopes ?? scopes
  return {
    ...stored,
    tokenGeneration: context.tokenGeneration,
    issuedAt: context.issuedAt,
    expiresAt: context.expiresAt,
    refreshAt: context.refreshAt,
    scopes: context.scopes,
    wakeAt: resumesAt(context, event),
    ...upsert(context, { key, scopes: granted, generation, issuedAt, expiresAt, refreshAt, refused: null }),
  }
}

/** As if it had not been disturbed; where an attempt of its own was in the way, that goes on at once. */
function resumesAt({ attempt, wakeAt }: AccountContext, { at }: AccountEvent): number | null {
  if (attempt === null) return wakeAt
  return attempt.resource === null ? at : attempt.resumeAt
}

/**
 * What is refused for one resource says little about the grant: only who asked for it is told. Where it sounds as if it
 * did, the account's own next refresh, at once, is what finds out.
 */
export function refuseResource(context: AccountContext, event: RefreshFailed): Change {
  const { attempt } = context
  const { key, scopes } = attempt?.resource ?? { key: '', scopes: [] }
  const blank = { key, scopes, generation: 0, issuedAt: 0, expiresAt: 0, refreshAt: 0 }
  const { reason, action, at } = event
  const aboutGrant = event.class !== 'C'
  const refused = { reason, action, at, retryAt: at + resourceRetry, aboutGrant }
  const known = resourceOf(context, { key, scopes })
  return {
    attempt: null,
    rejected: null,
    ...(aboutGrant ? { retryAt: at } : {}),
    wakeAt: aboutGrant ? at : (attempt?.resumeAt ?? at),
    ...upsert(context, { ...blank, ...known, refused }),
  }
}
