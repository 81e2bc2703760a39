import type { Msg, NatsConnection } from 'nats'
import { announcedOn, type Moment } from '../contract/announced.ts'
import { createEventFilter } from '../contract/event-filter.ts'
import { subjectToken } from './ask.ts'
import type { AccountRemoved, TokenInvalid, TokenRefreshed } from './contract-types.ts'

/** What a consumer may hear of; every change of a token it holds is one of these. */
const heard = ['token.refreshed', 'token.invalid', 'account.removed'] as const
type Heard = (typeof heard)[number]
export type News = TokenRefreshed | TokenInvalid | AccountRemoved

export interface NewsOptions {
  readonly nats: NatsConnection
  /** Something happened to the account, perhaps not for the first time that we hear of it. */
  onChange(account: string, change: Moment): void
  /** The event of that, once. */
  onEvent(event: News): void
  /** Of this account, or of all, nothing is heard any more. */
  onDeaf(account?: string): void
}

export interface NewsWatch {
  /** Before asking for an account: makes sure that what happens to it from then on is heard. */
  follow(account: string): void
  /** May nothing be kept of it, since its changes would pass unheard? */
  deafTo(account: string): boolean
}

/**
 * Hears of all accounts; where the user may not, of exactly those it asks for (their subscription goes out before the
 * question, so the server has it, or has refused it, before the answer comes).
 */
export async function watchNews({ nats, onChange, onEvent, onDeaf }: NewsOptions): Promise<NewsWatch> {
  const refused = new Set<Heard>()
  const followed = new Set<string>()
  const deaf = new Set<string>()
  const accepts = createEventFilter()

  // A throw in a callback would end the reading of the connection.
  function tell(message: Msg): void {
    const event = parse(message)
    const announced = announcedOn(message.subject, event)
    if (announced === undefined) return
    onChange(announced.of, announced)
    if (accepts(message.subject, event) !== undefined) onEvent(event as News)
  }

  function subscribe(type: Heard, token: string, onRefused: () => void): void {
    nats.subscribe(`${type}.${token}`, {
      callback: (error, message) => (error === null ? tell(message) : onRefused()),
    })
  }

  for (const type of heard) {
    subscribe(type, '*', () => {
      refused.add(type)
      onDeaf()
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
          deaf.add(account)
          onDeaf(account)
        })
      }
    },
    deafTo: (account) => deaf.has(account),
  }
}

function parse(message: Msg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
