import {
  type AccountEvent,
  type Resource,
  type TokenRejected,
  type TokenRequested,
  tokenFor,
  type Want,
} from '../../machines/index.ts'
import type { AccountMeeting, LoadedAccount } from '../actors/account-actor.ts'
import type { Decision } from '../actors/actor.ts'

export type TokenEvent = Omit<TokenRequested, 'at' | 'id'> | Omit<TokenRejected, 'at' | 'id'>

/** What a caller wants, and the event that asks the account for it. */
export interface Asked extends Want {
  /** `first`: nobody has waited yet; a force is spent by then. */
  readonly event: (first: boolean) => TokenEvent
}

/** One caller's question, from its arrival to its answer. */
export interface Inquiry {
  readonly account: string
  readonly asked: Asked
  /** As `asked`, but newer than what a forced request has found. */
  want: Want
  first: boolean
  /** The lowest generation there was since the caller came. */
  found: number
  /** This caller has set off a refresh. */
  started: boolean
  /** The account as it was last answered from. */
  latest?: LoadedAccount
}

export interface Request {
  readonly decide: (meeting: AccountMeeting) => Decision<AccountEvent, never>
  /** The account would take it: a refresh begins. */
  readonly starts: boolean
  /** A token that is there will not do. */
  readonly mustRefresh: boolean
}

export function newInquiry(account: string, asked: Asked): Inquiry {
  return { account, asked, want: asked, first: true, found: Number.POSITIVE_INFINITY, started: false }
}

/** What to ask this account, as it was just loaded. */
export function requestOf(inquiry: Inquiry, loaded: LoadedAccount): Request {
  const { asked } = inquiry
  const wish = asked.event(inquiry.first)
  const isForced = wish.type === 'token.requested' && wish.force
  const generation = tokenFor(loaded.snapshot.context, asked.resource)?.generation ?? 0
  inquiry.found = Math.min(inquiry.found, generation)
  // A forced request waits for what is newer than it found.
  if (isForced) inquiry.want = { ...inquiry.want, newerThan: wish.ifGeneration ?? generation }
  const decide = ({ at, eventId: id }: AccountMeeting) => ({ event: { ...wish, at, id } as AccountEvent })
  return {
    decide,
    starts: loaded.snapshot.can(decide({ ...loaded, eventId: '' }).event),
    mustRefresh: isForced || asked.rejected !== undefined,
  }
}

/** The same scopes in any order are the same resource. */
export function resourceOf(scopes: readonly string[] | undefined): Resource | null {
  if (scopes === undefined) return null
  const sorted = [...new Set(scopes)].sort()
  return { key: sorted.join(' '), scopes: sorted }
}
