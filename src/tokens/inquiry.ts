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
import type { EnabledMark } from '../actors/enabled-apps.ts'

export type TokenEvent = Omit<TokenRequested, 'at' | 'id'> | Omit<TokenRejected, 'at' | 'id'>

/** A caller's requirements, and the event that asks the account for them. */
export interface Asked extends Want {
  /** `first`: the first round; `force` applies only then. */
  readonly event: (first: boolean) => TokenEvent
}

/** The state of one request, from its arrival to its reply. */
export interface Inquiry {
  readonly account: string
  readonly asked: Asked
  /** As `asked`, but for a forced request newer than the generation it found. */
  want: Want
  first: boolean
  /** The lowest generation seen since the request arrived. */
  found: number
  /** This request has started a refresh. */
  started: boolean
  /** The account as it was last answered from. */
  latest?: LoadedAccount
  /** Of its app. */
  app?: EnabledMark
}

export interface Request {
  readonly decide: (meeting: AccountMeeting) => Decision<AccountEvent, never>
  /** The account handles the event, so a refresh starts. */
  readonly starts: boolean
  /** The current token is not acceptable. */
  readonly mustRefresh: boolean
}

export function newInquiry(account: string, asked: Asked): Inquiry {
  return { account, asked, want: asked, first: true, found: Number.POSITIVE_INFINITY, started: false }
}

/** The event for the account as just loaded. */
export function requestOf(inquiry: Inquiry, loaded: LoadedAccount): Request {
  const { asked } = inquiry
  const wish = asked.event(inquiry.first)
  const isForced = wish.type === 'token.requested' && wish.force
  const generation = tokenFor(loaded.snapshot.context, asked.resource)?.generation ?? 0
  inquiry.found = Math.min(inquiry.found, generation)
  // A forced request waits for a generation newer than the one it found.
  if (isForced) inquiry.want = { ...inquiry.want, newerThan: wish.ifGeneration ?? generation }
  const decide = ({ at, eventId: id }: AccountMeeting) => ({ event: { ...wish, at, id } as AccountEvent })
  return {
    decide,
    starts: loaded.snapshot.can(decide({ ...loaded, eventId: '' }).event),
    mustRefresh: isForced || asked.rejected !== undefined,
  }
}

/** The order of scopes has no meaning. */
export function resourceOf(scopes: readonly string[] | undefined): Resource | null {
  if (scopes === undefined) return null
  const sorted = [...new Set(scopes)].sort()
  return { key: sorted.join(' '), scopes: sorted }
}
