import {
  type AccountState,
  effectiveMinValidity,
  type HeldToken,
  isUsable,
  never,
  type Resource,
  type Seen,
  tokenFor,
  unmetWishes,
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
  /** The account's token. `fill`: where the cache takes it; null where what was read may be older than what is saved now. */
  token(inquiry: Inquiry, loaded: LoadedAccount, fill: Fill | null): TokenResult
  /** Once the caller's patience is over: the token it has while that lives. */
  outOfPatience(inquiry: Inquiry, loaded: LoadedAccount): TokenResult
  /** While the storage says nothing of this account: what is still known to live. Throws what is nobody's expectation. */
  lastKnown(inquiry: Inquiry, error: unknown): TokenResult
}

/** Makes answers of accounts that were loaded. */
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
    if (fill !== null) {
      const lasts = expiresAt - effectiveMinValidity({ ...held, expiresAt }, null)
      // Nothing but a request refreshes a second token: from its soft deadline on each has to be seen.
      const servedUntil = resource === null ? lasts : Math.min(lasts, refreshAt)
      cache.endFill(fill, { bytes, generation, expiresAt, servedUntil, filledAt: loaded.at }, resource?.key)
    }
    const unmet = unmetWishes(seen(loaded), want)
    // What is cached is shared, and says nothing about the wish of one caller.
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
      return fail('refresh_timeout', 'the refresh is still under way', { account, state, retryAfter: 1 })
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
