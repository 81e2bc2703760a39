import { randomUUID } from 'node:crypto'
import type { AccountContext, AccountEffect, AccountEvent, AccountState } from '../../machines/index.ts'
import { expiryText } from '../contract/expiry.ts'
import type { OutboxEntry } from '../redis/records.ts'
import type { AccountAnnouncement } from './account-effects.ts'

interface Snapshot {
  readonly value: unknown
  readonly context: AccountContext
}

export interface Announced {
  readonly id: string
  /** The version after the save. */
  readonly version: number
  readonly event: AccountEvent
  readonly before: Snapshot
  readonly after: Snapshot
  /** `after`, as stored: JSON. */
  readonly snapshot: string
  readonly effects: readonly AccountEffect[]
}

/** The name of the state, or null without a grant. */
export function stateOf({ value, context }: Snapshot): AccountState | null {
  return context.grantId === null ? null : (value as AccountState)
}

/** The outbox entries of a save: the transition, then the machine's announcements. */
export function outboxEntries(step: Announced, announcements: readonly AccountAnnouncement[]): OutboxEntry[] {
  const { id, version, event, before, after, snapshot, effects } = step
  const time = new Date(event.at).toISOString()
  const entry = (type: OutboxEntry['type'], details: object, last = ''): OutboxEntry => {
    const eventId = randomUUID()
    const text = JSON.stringify({ id: eventId, type, time, account: id, version, ...details })
    const body = `${text.slice(0, -1)}${last}}`
    return { id: eventId, type, time, ref: { kind: 'account', id }, body }
  }
  // The transition comes first, so that caches are invalidated before the new token is announced.
  const details = {
    event,
    from: stateOf(before),
    to: stateOf(after),
    effects,
    at: event.at,
    wakeAt: after.context.wakeAt,
  }
  const transition = entry('account.transition', details, `,"snapshot":${snapshot}`)
  return [transition, ...announcements.map((each) => entry(each.type, detailsOf(each)))]
}

/** Converts times to ISO 8601. */
function detailsOf(announcement: AccountAnnouncement): object {
  const { type, ...details } = announcement
  if (!('expiresAt' in details)) return details
  const { expiresAt, ...others } = details
  const ends = expiryText(expiresAt)
  return { ...others, ...(type === 'token.refreshed' ? { expires: ends } : { expiresAt: ends }) }
}
