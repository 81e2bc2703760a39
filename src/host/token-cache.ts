import { LRUCache } from 'lru-cache'
import type { ClusterClock } from './cluster-clock.ts'
import { type Observer, unobserved } from './observer.ts'

export interface CachedToken {
  readonly bytes: Uint8Array
  readonly generation: number
  /** Hard expiry, ms. */
  readonly expiresAt: number
  /** A caller without a wish is served until here, ms. */
  readonly servedUntil: number
  readonly filledAt: number
}

/** A read under way. An invalidation that arrives while it reads poisons it: what it read may be older. */
export interface Fill {
  readonly account: string
  poisoned: boolean
}

export interface TokenCache {
  /** The ready-made reply; `minValidity` in ms, null for the default. Nothing while the bus is down. */
  read(account: string, minValidity: number | null): Uint8Array | undefined
  /** The same past its re-check time: for when Redis cannot be asked but the bus would have told of a change. */
  readUnchecked(account: string, minValidity: number | null): Uint8Array | undefined
  beginFill(account: string): Fill
  endFill(fill: Fill, token: CachedToken | null): void
  drop(account: string): void
  /** The bus is down: changes pass unheard, so the cache is neither read nor filled. */
  suspend(): void
  /** The bus is back: start empty, and fill nothing for a second, while late news drains in. */
  resume(): void
}

const recheckAfter = 60_000
const quietAfterReconnect = 1_000

export function createTokenCache({
  clock,
  max = 100_000,
  observer = unobserved,
}: {
  clock: ClusterClock
  max?: number
  observer?: Pick<Observer, 'served'>
}): TokenCache {
  const tokens = new LRUCache<string, CachedToken>({ max })
  const fills = new Map<string, Set<Fill>>()
  let suspended = false
  let fillFrom = 0

  function find(account: string, minValidity: number | null, oldest: number) {
    if (suspended) return undefined
    const token = tokens.get(account)
    if (token === undefined) return undefined
    const now = clock.now()
    if (now - token.filledAt > oldest || now >= token.expiresAt) return undefined
    const served = minValidity === null ? now <= token.servedUntil : token.expiresAt - now >= minValidity
    if (!served) return undefined
    observer.served(token.expiresAt - now, 'memory')
    return token.bytes
  }

  function poisonAll() {
    for (const reading of fills.values()) for (const fill of reading) fill.poisoned = true
  }

  return {
    read: (account, minValidity) => find(account, minValidity, recheckAfter),
    readUnchecked: (account, minValidity) => find(account, minValidity, Number.POSITIVE_INFINITY),
    beginFill(account) {
      const fill = { account, poisoned: suspended }
      const reading = fills.get(account) ?? new Set()
      fills.set(account, reading.add(fill))
      return fill
    },
    endFill(fill, token) {
      const reading = fills.get(fill.account)
      reading?.delete(fill)
      if (reading?.size === 0) fills.delete(fill.account)
      if (token === null || fill.poisoned || suspended || clock.now() < fillFrom) return
      tokens.set(fill.account, token)
    },
    drop(account) {
      tokens.delete(account)
      for (const fill of fills.get(account) ?? []) fill.poisoned = true
    },
    suspend() {
      suspended = true
      poisonAll()
    },
    resume() {
      tokens.clear()
      poisonAll()
      suspended = false
      fillFrom = clock.now() + quietAfterReconnect
    },
  }
}
