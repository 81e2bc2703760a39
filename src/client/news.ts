import type { Msg, NatsConnection } from 'nats'
import type { EventBody } from '../bus/events.ts'
import { subjectToken } from './ask.ts'

/** What a consumer may hear of; every change of a token it holds is one of these. */
const heard = ['token.refreshed', 'token.invalid', 'account.removed'] as const
type Heard = (typeof heard)[number]
export type News = EventBody<Heard>

export interface NewsOptions {
  readonly nats: NatsConnection
  /** Something happened to the account; its event, or undefined if it was told before. */
  onNews(account: string, event: News | undefined): void
  /** Of this account, or of all, nothing is heard any more. */
  onDeaf(account?: string): void
}

export interface NewsWatch {
  /** Before asking for an account: makes sure that what happens to it from then on is heard. */
  follow(account: string): void
  /** May nothing be kept of it, since its changes would pass unheard? */
  deafTo(account: string): boolean
}

const remembered = 10_000

/**
 * Hears of all accounts; where the user may not, of exactly those it asks for (their subscription goes out before the
 * question, so the server has it, or has refused it, before the answer comes).
 */
export async function watchNews({ nats, onNews, onDeaf }: NewsOptions): Promise<NewsWatch> {
  const refused = new Set<Heard>()
  const followed = new Set<string>()
  const deaf = new Set<string>()
  const told = new Set<string>()

  function isRepeat(id: string): boolean {
    if (told.has(id)) return true
    told.add(id)
    if (told.size > remembered) told.delete(told.values().next().value as string)
    return false
  }

  // A throw in a callback would end the reading of the connection.
  function tell(type: Heard, message: Msg): void {
    const account = decode(message.subject.slice(type.length + 1))
    const event = parse(message)
    if (account !== undefined) onNews(account, event === undefined || isRepeat(event.id) ? undefined : event)
  }

  function subscribe(type: Heard, token: string, onRefused: () => void): void {
    nats.subscribe(`${type}.${token}`, {
      callback: (error, message) => (error === null ? tell(type, message) : onRefused()),
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

function decode(token: string): string | undefined {
  try {
    return decodeURIComponent(token)
  } catch {
    return undefined
  }
}

function parse(message: Msg): News | undefined {
  try {
    return message.json<News>()
  } catch {
    return undefined
  }
}
