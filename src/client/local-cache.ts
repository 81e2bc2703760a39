import { createFills, type Fill } from '../common/cache-fill.ts'
import { isNewer, type Moment } from '../contract/announced.ts'
import type { Token } from './contract-types.ts'
import { createRecentChanges } from './recent-changes.ts'

/** What a cached token is looked up by: the account and, for a second token of its grant, the scopes joined by spaces. */
export interface TokenKey {
  readonly account: string
  readonly scope: string | undefined
}

export interface LocalCache {
  /** The cached token if it is valid for `minValidity` more seconds; every caller gets the same promise. */
  read(key: TokenKey, minValidity: number | undefined): Promise<Token> | undefined
  /** The cached token if its generation is higher. */
  newerThan(key: TokenKey, generation: number): Promise<Token> | undefined
  beginFill(account: string): Fill
  endFill(fill: Fill, token: Token | null, scope?: string): void
  /** Drops what is older than the change, and later refuses replies in flight that turn out to be older. */
  invalidate(account: string, change: Moment): void
  /** Drops one account, or all of them. */
  drop(account?: string): void
  /** The connection is down, so invalidations are missed: empties the cache and fills it no more until `resume`. */
  suspend(): void
  resume(): void
}

interface Entry {
  readonly moment: Moment
  readonly answer: Promise<Token>
  readonly generation: number
  readonly expiresAt: number
  readonly revalidateAt: number
}

/** Seconds. Below this, the request goes to tokenbus, which knows the token's lifetime and may refresh. */
const defaultMinValidity = 30
/**
 * A cached token is served no longer than this without asking tokenbus again, so that neither a wrong local clock nor a
 * lost event keeps an expired token in use: a token has at least this long to live when tokenbus answers it, unless
 * its whole lifetime is short.
 */
const revalidateAfter = 30_000
/**
 * A node that has not yet processed a change may still answer the older token, so replies are compared with the changes of
 * this period. It is bounded so that a forged event cannot keep tokens out of the cache for long.
 */
const rememberChangesFor = 30_000

/** The token cache of one process. Times are monotonic, so setting the system clock has no effect. */
export function createLocalCache({ max = 10_000 } = {}): LocalCache {
  const accounts = new Map<string, Map<string | undefined, Entry>>()
  const now = () => performance.now()
  const fills = createFills({ now })
  const changes = createRecentChanges({ now, keepFor: rememberChangesFor, max, onForget: fills.markStale })
  const find = ({ account, scope }: TokenKey) => accounts.get(account)?.get(scope)

  /** A reply that was delayed must not replace a newer token. */
  function isOvertaken(key: TokenKey, moment: Moment): boolean {
    const known = find(key)?.moment
    if (known !== undefined && isNewer(known, moment) && !isNewer(moment, known)) return true
    return changes.outdate(key.account, moment)
  }

  return {
    read(key, minValidity = defaultMinValidity) {
      const entry = find(key)
      if (entry === undefined) return undefined
      const at = now()
      return at < entry.revalidateAt && entry.expiresAt - at >= minValidity * 1_000 ? entry.answer : undefined
    },
    newerThan(key, generation) {
      const entry = find(key)
      return entry !== undefined && entry.generation > generation ? entry.answer : undefined
    },
    beginFill: fills.begin,
    endFill(fill, token, scope) {
      if (!fills.end(fill) || token === null) return
      const moment = momentOf(token)
      if (isOvertaken({ account: fill.account, scope }, moment)) return
      const at = now()
      const entries = accounts.get(fill.account) ?? new Map()
      entries.set(scope, {
        moment,
        answer: Promise.resolve(token),
        generation: token.generation,
        expiresAt:
          token.expires === null ? Number.POSITIVE_INFINITY : at + Date.parse(token.expires) - Date.now(),
        revalidateAt: at + revalidateAfter,
      })
      // Entries are refilled at least every 30 s, so the first in the map is the one requested longest ago.
      accounts.delete(fill.account)
      accounts.set(fill.account, entries)
      if (accounts.size > max) accounts.delete(accounts.keys().next().value as string)
    },
    invalidate(account, change) {
      changes.note(account, change)
      const entries = accounts.get(account)
      if (entries === undefined) return
      for (const [scope, { moment }] of entries) if (isNewer(change, moment)) entries.delete(scope)
      if (entries.size === 0) accounts.delete(account)
    },
    drop(account) {
      if (account === undefined) accounts.clear()
      else accounts.delete(account)
      fills.markStale(account)
    },
    suspend() {
      accounts.clear()
      fills.suspend()
    },
    resume: fills.resume,
  }
}

/** Older nodes answer neither `version` nor `since`: then every change counts as newer. */
function momentOf({ version = -1, since }: Partial<Token>): Moment {
  return { version, time: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since) }
}
