import { createFills, type Fill } from '../common/cache-fill.ts'
import { isNewer, type Moment } from '../contract/announced.ts'
import type { Token } from './contract-types.ts'
import { createRecentChanges } from './recent-changes.ts'

/** What a token is for: an account, and the scopes of a second token of its grant, if it is one, as one text. */
export interface Held {
  readonly account: string
  readonly scope: string | undefined
}

export interface LocalCache {
  /** The answer, already there, if it lives that many seconds longer; the same promise for every caller. */
  read(held: Held, minValidity: number | undefined): Promise<Token> | undefined
  /** Is what is known newer than this generation? */
  newerThan(held: Held, generation: number): Promise<Token> | undefined
  beginFill(account: string): Fill
  endFill(fill: Fill, token: Token | null, scope?: string): void
  /** Something happened to the account: whatever is older is dropped, and so are answers on their way that prove older. */
  heard(account: string, change: Moment): void
  /** Without an account: all. */
  drop(account?: string): void
  /** The bus is down: changes pass unheard. */
  suspend(): void
  resume(): void
}

interface Entry {
  readonly moment: Moment
  readonly answer: Promise<Token>
  readonly generation: number
  readonly expiresAt: number
  readonly askAgainAt: number
}

/** With less life than this left, tokenbus decides whether the token will still do: it knows how long it lived. */
const defaultMinValidity = 30
/**
 * No longer than the life a token has at least when it is answered (short-lived ones apart): however wrong this
 * machine's clock is, and should an event ever be missed, no token is served long past its end.
 */
const askAgainAfter = 30_000
/**
 * A node that has not heard of a change yet answers an older token. It hears within this time; longer than that, events
 * say nothing against an answer, so that a forged one does no lasting harm.
 */
const believedAgainstAnswers = 30_000

/** Tokens of one process. Times are monotonic, so that a clock that is set does not matter. */
export function createLocalCache({ max = 10_000 } = {}): LocalCache {
  const accounts = new Map<string, Map<string | undefined, Entry>>()
  const now = () => performance.now()
  const fills = createFills({ now })
  const changes = createRecentChanges({ now, lasts: believedAgainstAnswers, max, onForget: fills.poison })
  const find = ({ account, scope }: Held) => accounts.get(account)?.get(scope)

  /** An answer that was long on its way must not replace what came of a later one. */
  function isOvertaken(held: Held, moment: Moment): boolean {
    const known = find(held)?.moment
    if (known !== undefined && isNewer(known, moment) && !isNewer(moment, known)) return true
    return changes.outdate(held.account, moment)
  }

  return {
    read(held, minValidity = defaultMinValidity) {
      const entry = find(held)
      if (entry === undefined) return undefined
      const at = now()
      return at < entry.askAgainAt && entry.expiresAt - at >= minValidity * 1_000 ? entry.answer : undefined
    },
    newerThan(held, generation) {
      const entry = find(held)
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
        askAgainAt: at + askAgainAfter,
      })
      // Refilled each half minute, so the first in the map is the one asked for longest ago.
      accounts.delete(fill.account)
      accounts.set(fill.account, entries)
      if (accounts.size > max) accounts.delete(accounts.keys().next().value as string)
    },
    heard(account, change) {
      changes.note(account, change)
      const entries = accounts.get(account)
      if (entries === undefined) return
      for (const [scope, { moment }] of entries) if (isNewer(change, moment)) entries.delete(scope)
      if (entries.size === 0) accounts.delete(account)
    },
    drop(account) {
      if (account === undefined) accounts.clear()
      else accounts.delete(account)
      fills.poison(account)
    },
    suspend() {
      accounts.clear()
      fills.suspend()
    },
    resume: fills.resume,
  }
}

/** A node of before answers neither: then everything that is heard is newer. */
function momentOf({ version = -1, since }: Partial<Token>): Moment {
  return { version, time: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since) }
}
