import { randomUUID } from 'node:crypto'
import type {
  AccountContext,
  AccountEffect,
  AccountEvent,
  AccountState,
  StoredSnapshot,
} from '../../machines/index.ts'
import type { OutboxEntry } from '../redis/records.ts'

interface Snapshot {
  readonly value: unknown
  readonly context: AccountContext
}

export interface AccountStep {
  readonly id: string
  /** Of the save that this step becomes. */
  readonly version: number
  readonly event: AccountEvent
  readonly before: Snapshot
  readonly after: Snapshot
  /** `after`, as it is saved. */
  readonly stored: StoredSnapshot
  readonly effects: readonly AccountEffect[]
}

/** The name of the state, or null without a grant. */
export function stateOf({ value, context }: Snapshot): AccountState | null {
  return context.grantId === null ? null : (value as AccountState)
}

/** Everything this step tells the world: always the transition, and what the machine announced. */
export function announcements(step: AccountStep): OutboxEntry[] {
  const { id, version, event, before, after, stored, effects } = step
  const time = new Date(event.at).toISOString()
  const entry = (type: OutboxEntry['type'], details: object): OutboxEntry => {
    const eventId = randomUUID()
    const body = JSON.stringify({ id: eventId, type, time, account: id, version, ...details })
    return { id: eventId, type, time, ref: { kind: 'account', id }, body }
  }
  // The transition goes first: caches drop the old token before anybody hears of the new one.
  const transition = entry('account.transition', {
    event,
    from: stateOf(before),
    to: stateOf(after),
    effects,
    at: event.at,
    wakeAt: after.context.wakeAt,
    snapshot: stored,
  })
  const edges = effects.flatMap((effect) => {
    switch (effect.type) {
      case 'token.refreshed': {
        const { type, expiresAt, ...details } = effect
        return [entry(type, { ...details, expires: new Date(expiresAt).toISOString() })]
      }
      case 'account.grant-expiring': {
        const { type, expiresAt, ...details } = effect
        return [entry(type, { ...details, expiresAt: new Date(expiresAt).toISOString() })]
      }
      case 'token.invalid':
      case 'account.removed': {
        const { type, ...details } = effect
        return [entry(type, details)]
      }
      default:
        return []
    }
  })
  return [transition, ...edges]
}
