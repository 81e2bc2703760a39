import type { Msg, NatsConnection } from 'nats'
import { announcedOn, type Moment } from '../contract/announced.ts'
import { createEventFilter } from '../contract/event-filter.ts'
import { subjectToken } from './ask.ts'
import type { AccountRemoved, TokenInvalid, TokenRefreshed } from './contract-types.ts'

/** Every change of a cached token is announced by one of these. */
const eventTypes = ['token.refreshed', 'token.invalid', 'account.removed'] as const
type EventType = (typeof eventTypes)[number]
export type AccountEvent = TokenRefreshed | TokenInvalid | AccountRemoved

export interface EventSubscriptionsOptions {
  readonly nats: NatsConnection
  /** For each event received, repeats included. */
  onChange(account: string, change: Moment): void
  /** For each event, once per id. */
  onEvent(event: AccountEvent): void
  /** NATS refused a subscription: events of this account, or of all accounts, are not received. */
  onRefused(account?: string): void
}

export interface EventSubscriptions {
  /** Call before requesting the account's token: subscribes to its events, unless a wildcard covers them already. */
  follow(account: string): void
  /** True if this user may not subscribe to the account's events; its token must not be cached. */
  cannotFollow(account: string): boolean
}

/**
 * Subscribes to the events of all accounts; where the user lacks that permission, to those of each account it requests. That
 * subscription is sent before the request, so the server has accepted or refused it before the reply arrives.
 */
export async function subscribeToEvents({
  nats,
  onChange,
  onEvent,
  onRefused,
}: EventSubscriptionsOptions): Promise<EventSubscriptions> {
  const refused = new Set<EventType>()
  const followed = new Set<string>()
  const unwatched = new Set<string>()
  const accepts = createEventFilter()

  // Must not throw: an exception in a callback would end the connection's read loop.
  function handle(message: Msg): void {
    const event = parse(message)
    const announced = announcedOn(message.subject, event)
    if (announced === undefined) return
    onChange(announced.of, announced)
    if (accepts(message.subject, event) !== undefined) onEvent(event as AccountEvent)
  }

  function subscribe(type: EventType, token: string, onRefused: () => void): void {
    nats.subscribe(`${type}.${token}`, {
      callback: (error, message) => (error === null ? handle(message) : onRefused()),
    })
  }

  for (const type of eventTypes) {
    subscribe(type, '*', () => {
      refused.add(type)
      onRefused()
    })
  }
  await nats.flush()

  return {
    follow(account) {
      for (const type of refused) {
        const subject = `${type}.${account}`
        if (followed.has(subject)) continue
        followed.add(subject)
        subscribe(type, subjectToken(account), () => {
          unwatched.add(account)
          onRefused(account)
        })
      }
    },
    cannotFollow: (account) => unwatched.has(account),
  }
}

function parse(message: Msg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
