import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../principal.ts'
import type { ApiTokenStore, StoredApiToken } from '../redis/api-tokens.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { realTimers, type Timers } from '../timers.ts'
import { apiTokenDigest, apiTokenId } from './api-token-text.ts'
import type { ClusterClock } from './cluster-clock.ts'

export interface ApiTokensOptions {
  readonly store: ApiTokenStore
  readonly clock: ClusterClock
  readonly timers?: Pick<Timers, 'elapsed'>
}

export type ApiTokens = ReturnType<typeof createApiTokens>

/** What this node last saw of an API token; `token` is null when there is none of that id. */
interface Seen {
  readonly token: StoredApiToken | null
  readonly principal: Principal | null
  readonly digest: Buffer | null
  readonly at: number
}

/** A revocation that was not heard is noticed after this. */
const recheckAfter = 5_000
const mostSeen = 10_000
const lastUsedEvery = 60_000

/** Tells who an API token belongs to: from memory for some seconds, else from Redis. */
export function createApiTokens({ store, clock, timers = realTimers }: ApiTokensOptions) {
  const seen = new LRUCache<string, Seen>({ max: mostSeen })
  const usedAt = new Map<string, number>()
  let revocations = 0

  async function look(id: string): Promise<Seen> {
    const before = revocations
    try {
      const token = await store.get(id)
      const found = {
        token,
        principal: token && principalOf(token),
        digest: token && Buffer.from(token.digest, 'hex'),
        at: timers.elapsed(),
      }
      // What was read before a revocation was heard of may be what was revoked.
      if (before === revocations) seen.set(id, found)
      return found
    } catch (error) {
      const known = seen.get(id)
      // While Redis is away nothing can be revoked either: what was known still holds.
      if (known !== undefined && error instanceof StorageUnavailable) return known
      throw error
    }
  }

  function judge({ token, principal, digest }: Seen, text: string): Principal | null {
    if (token === null || digest === null || !timingSafeEqual(digest, apiTokenDigest(text))) return null
    if (token.expiresAt !== null && clock.now() >= token.expiresAt) return null
    noteUse(token.id)
    return principal
  }

  function noteUse(id: string): void {
    const now = timers.elapsed()
    if (now - (usedAt.get(id) ?? Number.NEGATIVE_INFINITY) < lastUsedEvery) return
    usedAt.set(id, now)
    store.used(id, clock.now()).catch(() => usedAt.delete(id))
  }

  return {
    /** At once where it may be. Rejects with `StorageUnavailable` for a token not seen before. */
    verify(text: string): Principal | null | Promise<Principal | null> {
      const id = apiTokenId(text)
      if (id === undefined) return null
      const known = seen.get(id)
      if (known !== undefined && timers.elapsed() - known.at < recheckAfter) return judge(known, text)
      return look(id).then((found) => judge(found, text))
    },
    /** Somebody, somewhere, revoked it. */
    forget(id: string): void {
      revocations++
      seen.delete(id)
    },
  }
}

function principalOf({ id, scopes, accounts, perSecond }: StoredApiToken): Principal {
  return { id, scopes, accounts, perSecond }
}
