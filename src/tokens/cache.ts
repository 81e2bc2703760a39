import { LRUCache } from 'lru-cache'
import type { EnabledMark } from '../actors/enabled-apps.ts'
import { createFills, type Fill } from '../common/cache-fill.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { type Observer, unobserved } from '../common/observer.ts'

export interface CachedToken {
  readonly bytes: Uint8Array
  readonly generation: number
  /** Hard expiry, ms. */
  readonly expiresAt: number
  /** A request without `minValidity` is served until this time, ms. */
  readonly servedUntil: number
  readonly filledAt: number
  /** Of its app. */
  readonly app: EnabledMark
}

export interface TokenCache {
  /**
   * The cached reply. `minValidity` in ms, null for the default; `resource`: the key of a second token. Undefined while NATS is
   * disconnected.
   */
  read(account: string, minValidity: number | null, resource?: string): Uint8Array | undefined
  /** As `read`, but also past the re-check time: for when Redis is unavailable, while invalidations still arrive over NATS. */
  readUnchecked(account: string, minValidity: number | null, resource?: string): CachedToken | undefined
  beginFill(account: string): Fill
  endFill(fill: Fill, token: CachedToken | null, resource?: string): void
  drop(account: string): void
  /** Empties the cache, because Redis may have lost a save. */
  clear(): void
  /** NATS is disconnected, so invalidations are missed: the cache is neither read nor filled. */
  suspend(): void
  /** NATS is connected again: starts empty, and is not filled for a second, while late invalidations arrive. */
  resume(): void
}

const recheckAfter = 60_000
const bytesInMegabyte = 1_048_576
/** Bytes of an entry and of the HTTP reply derived from it, besides their texts. */
const overhead = 700

/** Twice, because the HTTP reply derived from it may be cached as well. */
const sizeOf = ({ bytes }: CachedToken, account: string) => 2 * bytes.length + 2 * account.length + overhead

export function createTokenCache({
  clock,
  max,
  megabytes = 128,
  observer = unobserved,
}: {
  clock: ClusterClock
  /** Maximum number of entries; by default only bytes are limited. */
  max?: number
  megabytes?: number
  observer?: Pick<Observer, 'served'>
}): TokenCache {
  const own = { maxSize: Math.floor((megabytes * bytesInMegabyte * 7) / 8), ...(max && { max }) }
  const tokens = new LRUCache<string, CachedToken>({ ...own, sizeCalculation: sizeOf })
  const seconds = new LRUCache<string, Map<string, CachedToken>>({
    ...own,
    maxSize: Math.floor((megabytes * bytesInMegabyte) / 8),
    sizeCalculation: (each, account) =>
      [...each.values()].reduce((sum, token) => sum + sizeOf(token, account), 0),
  })
  const fills = createFills(clock)
  let suspended = false

  function find(account: string, minValidity: number | null, oldest: number, resource?: string) {
    if (suspended) return undefined
    const token = resource === undefined ? tokens.get(account) : seconds.get(account)?.get(resource)
    if (token === undefined || !token.app.enabled) return undefined
    const now = clock.expiryTime()
    if (now - token.filledAt > oldest || now >= token.expiresAt) return undefined
    const served = minValidity === null ? now <= token.servedUntil : token.expiresAt - now >= minValidity
    if (!served) return undefined
    observer.served(token.expiresAt - now, 'memory')
    return token
  }

  return {
    read: (account, minValidity, resource) => find(account, minValidity, recheckAfter, resource)?.bytes,
    readUnchecked: (account, minValidity, resource) =>
      find(account, minValidity, Number.POSITIVE_INFINITY, resource),
    beginFill: fills.begin,
    endFill(fill, token, resource) {
      if (!fills.end(fill) || token === null) return
      if (resource === undefined) tokens.set(fill.account, token)
      else seconds.set(fill.account, new Map(seconds.get(fill.account)).set(resource, token))
    },
    drop(account) {
      tokens.delete(account)
      seconds.delete(account)
      fills.markStale(account)
    },
    clear() {
      tokens.clear()
      seconds.clear()
      fills.markStale()
    },
    suspend() {
      suspended = true
      fills.suspend()
    },
    resume() {
      tokens.clear()
      seconds.clear()
      fills.resume()
      suspended = false
    },
  }
}
