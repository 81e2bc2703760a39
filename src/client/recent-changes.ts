import { isNewer, type Moment } from '../contract/announced.ts'

export interface RecentChanges {
  note(account: string, change: Moment): void
  /** True if a recent change of the account is newer than `moment`. */
  outdate(account: string, moment: Moment): boolean
}

interface RecordedChange extends Moment {
  readonly until: number
}

/**
 * The newest change of each account within the last `keepFor` milliseconds. `onForget` is called for one that is evicted
 * earlier, because there are more than `max`.
 */
export function createRecentChanges({
  now,
  keepFor,
  max,
  onForget,
}: {
  readonly now: () => number
  readonly keepFor: number
  readonly max: number
  onForget(account: string): void
}): RecentChanges {
  const changes = new Map<string, RecordedChange>()
  const lately = (account: string) => {
    const recorded = changes.get(account)
    return recorded !== undefined && now() < recorded.until ? recorded : undefined
  }

  return {
    note(account, { version, time }) {
      const before = lately(account) ?? { version, time }
      changes.delete(account)
      changes.set(account, {
        version: Math.max(version, before.version),
        time: Math.max(time, before.time),
        until: now() + keepFor,
      })
      if (changes.size <= max) return
      const oldest = changes.keys().next().value as string
      if (lately(oldest) !== undefined) onForget(oldest)
      changes.delete(oldest)
    },
    outdate(account, moment) {
      const recorded = lately(account)
      return recorded !== undefined && isNewer(recorded, moment)
    },
  }
}
