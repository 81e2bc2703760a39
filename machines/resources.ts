import type { AccountContext } from './account-context.ts'
import type { AccountEvent, RefreshFailed, RefreshSucceeded, TokenRequested } from './account-events.ts'
import type { Refused, Resource, ResourceToken } from './account-resource.ts'
import { effectiveMinValidity, forcedRefreshesLeft, resourceRetry, softDeadline } from './time-rules.ts'

/** The maximum of second tokens per account; the least recently fetched is dropped. */
const maxResources = 8

/** An access token of the account: its own, or a second one. */
export interface HeldToken {
  /** The generation at which it was stored. */
  readonly generation: number
  /** Start of the request that brought it, in milliseconds. */
  readonly issuedAt: number
  /** Milliseconds; `never` if unknown. */
  readonly expiresAt: number
  /** The soft deadline, in milliseconds. */
  readonly refreshAt: number
  /** The granted scopes. */
  readonly scopes: readonly string[]
}

export function resourceOf({ resources }: AccountContext, { key }: Resource): ResourceToken | undefined {
  return resources.find((each) => each.key === key)
}

/** Null if there is none. */
export function tokenFor(context: AccountContext, resource: Resource | null): HeldToken | null {
  const { tokenGeneration: generation, issuedAt, expiresAt, refreshAt, scopes, refreshWith } = context
  if (refreshWith === 'subject_token') return null
  if (resource === null) return { generation, issuedAt, expiresAt, refreshAt, scopes }
  const known = resourceOf(context, resource)
  return known !== undefined && known.generation > 0 ? known : null
}

/** The recent refusal of a resource, which is not requested again meanwhile. */
export function refusalOf(context: AccountContext, resource: Resource | null, at: number): Refused | null {
  const refused = resource && resourceOf(context, resource)?.refused
  return refused && at < refused.retryAt ? refused : null
}

/** Fetched on request only; from the soft deadline on in the background, while the current token is served. */
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
  return { resources: [...resources.filter(({ key }) => key !== changed.key), changed].slice(-maxResources) }
}

/** `stored` is the renewed grant; the account's own token stays unchanged. */
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

/** The wake-up time before the attempt; if the account's own attempt was interrupted, now. */
function resumesAt({ attempt, wakeAt }: AccountContext, { at }: AccountEvent): number | null {
  if (attempt === null) return wakeAt
  return attempt.resource === null ? at : attempt.resumeAt
}

/**
 * The refusal of a resource is answered to its requester only, because it usually does not concern the grant. If it may, the
 * account's own refresh follows at once and decides.
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
