import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { apiTokenDigest, apiTokenId, idPart } from '../common/api-token-text.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import type { Principal } from '../contract/principal.ts'
import type { ApiTokenStore, StoredApiToken } from '../redis/api-tokens.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'

export interface ApiTokensOptions {
  readonly store: Pick<ApiTokenStore, 'get' | 'used'>
  readonly clock: ClusterClock
  readonly timers?: Pick<Timers, 'elapsed'>
}

export interface ApiTokens {
  /** Synchronous if cached. Rejects with `StorageUnavailable` for a token not seen before. */
  verify(text: string): Principal | null | Promise<Principal | null>
  /** The token was revoked on some node. */
  forget(id: string): void
}

/** What this node last read for an id. */
interface Seen {
  /** Null: there is no such token. */
  readonly token: StoredApiToken | null
  readonly principal: Principal | null
  readonly at: number
  /** The verified text, and a buffer to compare others with it in constant time, an order of magnitude cheaper than hashing. */
  verified: { readonly text: Buffer; readonly room: Buffer } | null
  usedAt: number
}

/** Milliseconds after which a missed revocation is noticed. */
const recheckAfter = 4_000
const maxSeen = 10_000
const lastUsedEvery = 60_000

/** Verifies API tokens, from memory for some seconds, else from Redis. */
export function createApiTokens({ store, clock, timers = realTimers }: ApiTokensOptions): ApiTokens {
  const seen = new LRUCache<string, Seen>({ max: maxSeen })
  let revocations = 0

  async function look(id: string): Promise<Seen> {
    const before = revocations
    try {
      const token = await store.get(id)
      const usedAt = seen.get(id)?.usedAt ?? Number.NEGATIVE_INFINITY
      const principal = token && principalOf(token)
      const found: Seen = { token, principal, at: timers.elapsed(), verified: null, usedAt }
      // A revocation that arrived during the read makes its result outdated.
      if (before === revocations) seen.set(id, found)
      return found
    } catch (error) {
      const known = seen.get(id)
      // While Redis is unavailable no token can be revoked either, so the last known state stays valid.
      if (known !== undefined && error instanceof StorageUnavailable) return known
      throw error
    }
  }

  function check(found: Seen, text: string, at: number): Principal | null {
    const { token } = found
    if (token === null || !isToken(found, token, text)) return null
    if (token.expiresAt !== null && clock.now() >= token.expiresAt) return null
    if (at - found.usedAt >= lastUsedEvery) noteUse(found, token.id)
    return found.principal
  }

  function noteUse(found: Seen, id: string): void {
    found.usedAt = timers.elapsed()
    store.used(id, clock.now()).catch(() => {
      found.usedAt = Number.NEGATIVE_INFINITY
    })
  }

  return {
    verify(text) {
      const known = seen.get(idPart(text))
      const at = timers.elapsed()
      if (known !== undefined && at - known.at < recheckAfter) return check(known, text, at)
      const id = apiTokenId(text)
      if (id === undefined) return null
      return look(id).then((found) => check(found, text, timers.elapsed()))
    },
    forget(id) {
      revocations++
      seen.delete(id)
    },
  }
}

/** Constant time for texts of the same length. */
function isToken(found: Seen, token: StoredApiToken, text: string): boolean {
  const { verified } = found
  if (verified !== null) {
    if (text.length * 2 !== verified.text.length) return false
    // Two bytes per character: in latin1 a different character could compare as equal.
    verified.room.write(text, 'utf16le')
    return timingSafeEqual(verified.text, verified.room)
  }
  if (!timingSafeEqual(Buffer.from(token.digest, 'hex'), apiTokenDigest(text))) return false
  found.verified = { text: Buffer.from(text, 'utf16le'), room: Buffer.alloc(text.length * 2) }
  return true
}

function principalOf({ id, scopes, accounts, apps, perSecond }: StoredApiToken): Principal {
  return { id, scopes, accounts, apps, perSecond }
}
