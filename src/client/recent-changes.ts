import { isNewer, type Moment } from '../contract/announced.ts'

export interface RecentChanges {
  note(account: string, change: Moment): void
  /** Has a change been heard of lately that this does not know yet? */
  outdate(account: string, moment: Moment): boolean
}

interface Heard extends Moment {
  readonly until: number
}

/** The changes of the last `lasts` milliseconds, by account; `onForget` is told of one that had to go before. */
export function createRecentChanges({
  now,
  lasts,
  max,
  onForget,
}: {
  readonly now: () => number
  readonly lasts: number
  readonly max: number
  onForget(account: string): void
}): RecentChanges {
  const changes = new Map<string, Heard>()
  const lately = (account: string) => {
    const heard = changes.get(account)
    return heard !== undefined && now() < heard.until ? heard : undefined
  }

  return {
    note(account, { version, time }) {
      const before = lately(account) ?? { version, time }
      changes.delete(account)
      changes.set(account, {
        version: Math.max(version, before.version),
        time: Math.max(time, before.time),
        until: now() + lasts,
      })
      if (changes.size <= max) return
      const oldest = changes.keys().next().value as string
      if (lately(oldest) !== undefined) onForget(oldest)
      changes.delete(oldest)
    },
    outdate(account, moment) {
      const heard = lately(account)
      return heard !== undefined && isNewer(heard, moment)
    },
  }
}
