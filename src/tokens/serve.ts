import {
  type AccountState,
  effectiveMinValidity,
  type HeldToken,
  isUsable,
  never,
  type Resource,
  type Seen,
  tokenFor,
  unmetRequirements,
} from '../../machines/index.ts'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import { appendFields } from '../common/append-fields.ts'
import type { Fill } from '../common/cache-fill.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import { fail, ok } from '../contract/failures.ts'
import type { TokenResult } from '../contract/tokenbus.ts'
import { NewerForm } from '../redis/newer-form.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { TokenCache } from './cache.ts'
import type { Inquiry } from './inquiry.ts'
import { tokenReply } from './reply.ts'

export interface ServeOptions {
  readonly accounts: Pick<Accounts, 'openCurrent'>
  readonly cache: Pick<TokenCache, 'endFill' | 'readUnchecked'>
  readonly clock: Pick<ClusterClock, 'expiryTime'>
  readonly observer: Pick<Observer, 'served' | 'coalesced'>
}

export interface Serve {
  seen(loaded: LoadedAccount): Seen
  isAlive(loaded: LoadedAccount, resource: Resource | null): boolean
  /** The reply with the account's token. `fill`: caches it; null if the record may be outdated. */
  token(inquiry: Inquiry, loaded: LoadedAccount, fill: Fill | null): TokenResult
  /** After the time-out: the current token if it is still valid, else `refresh_timeout`. */
  outOfPatience(inquiry: Inquiry, loaded: LoadedAccount): TokenResult
  /** When Redis is unavailable: the cached token if it is still valid, else the failure. Rethrows unexpected errors. */
  lastKnown(inquiry: Inquiry, error: unknown): TokenResult
}

/** Builds replies from loaded accounts. */
export function createServe({ accounts, cache, clock, observer }: ServeOptions): Serve {
  const seen = ({ snapshot, at }: LoadedAccount): Seen => ({
    state: snapshot.value as AccountState,
    context: snapshot.context,
    at,
    expiryTime: Math.max(at, clock.expiryTime()),
  })
  const isAlive = (loaded: LoadedAccount, resource: Resource | null) =>
    isUsable(seen(loaded), { minValidity: 0, resource })

  function token(inquiry: Inquiry, loaded: LoadedAccount, fill: Fill | null): TokenResult {
    const { account, want, found, started } = inquiry
    const { resource } = want
    const { context } = loaded.snapshot
    const tokens = accounts.openCurrent(account, loaded.record)
    const { version, fields } = loaded.record
    const bytes = tokenReply({ account, context, version, resource, tokens, extra: fields.extra })
    const { generation, expiresAt: end, refreshAt, ...held } = tokenFor(context, resource) as HeldToken
    const expiresAt = end === never ? Number.POSITIVE_INFINITY : end
    const renewed = generation > found
    if (renewed && !started) observer.coalesced()
    observer.served(expiresAt - loaded.at, renewed ? 'refresh' : 'storage')
    const { app } = inquiry
    if (fill !== null && app !== undefined) {
      const lasts = expiresAt - effectiveMinValidity({ ...held, expiresAt }, null)
      // A second token is refreshed only by a request, so from its soft deadline on, requests must not be served from the cache.
      const servedUntil = resource === null ? lasts : Math.min(lasts, refreshAt)
      const filledAt = loaded.at
      cache.endFill(fill, { bytes, generation, expiresAt, servedUntil, filledAt, app }, resource?.key)
    }
    const unmet = unmetRequirements(seen(loaded), want)
    // `minValidityMet` and `refreshed` concern this caller only, so they are not cached.
    return { ...ok(unmet === undefined ? bytes : appendFields(bytes, unmet)), renewed }
  }

  return {
    seen,
    isAlive,
    token,
    outOfPatience(inquiry, loaded) {
      const { account, want } = inquiry
      const anyGeneration = { ...inquiry, found: Number.POSITIVE_INFINITY }
      if (isAlive(loaded, want.resource)) return token(anyGeneration, loaded, null)
      const { state } = seen(loaded)
      return fail('refresh_timeout', 'the refresh is still in flight', { account, state, retryAfter: 1 })
    },
    lastKnown({ account, want }, error) {
      if (!(error instanceof StorageUnavailable || error instanceof NewerForm)) throw error
      const known =
        want.rejected === undefined
          ? cache.readUnchecked(account, want.minValidity, want.resource?.key)
          : undefined
      if (known !== undefined) {
        const { bytes, generation } = known
        return ok(generation > (want.newerThan ?? -1) ? bytes : appendFields(bytes, { refreshed: false }))
      }
      if (error instanceof NewerForm) throw error
      const { error: word, message, ...details } = error.failed.failure
      return fail(word, message, { ...details, account })
    },
  }
}
