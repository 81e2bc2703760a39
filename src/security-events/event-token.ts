import { z } from 'zod'
import type { Name } from '../actors/account-aliases.ts'

const text = z.string().min(1).max(1_024)

/** A subject identifier (RFC 9493 §3), or the older format that Google uses. */
const simpleSubject = z.object({
  iss: text.optional(),
  sub: text.optional(),
  email: text.optional(),
  id: text.optional(),
  uri: text.optional(),
  token_type: text.optional(),
  token_identifier_alg: text.optional(),
  token: text.optional(),
})
const subject = simpleSubject.extend({
  /** Format `aliases` (RFC 9493 §3.2.8). */
  identifiers: z.array(simpleSubject).max(20).optional(),
  /** The user of a complex subject (CAEP), whose session, device or token is concerned. */
  user: simpleSubject.optional(),
})

/** Seconds since 1970, within the range of JavaScript dates. */
const instant = z.number().min(0).max(253_402_300_799)
const maxEvents = 32

/** The claims of a security event token (RFC 8417 §2.2). Times in seconds. */
export const eventTokenSchema = z.object({
  iss: text,
  jti: text,
  iat: instant,
  toe: instant.optional(),
  sub_id: subject.optional(),
  events: z
    .record(text, z.object({ subject: subject.optional(), reason: text.optional() }))
    .refine(hasEvents, `must have 1 to ${maxEvents} events`),
})

function hasEvents(events: object): boolean {
  const { length } = Object.keys(events)
  return length > 0 && length <= maxEvents
}

export type EventToken = z.output<typeof eventTokenSchema>

/** A security event, and the identifiers of its subject. `at` in milliseconds. */
export interface SecurityEvent {
  readonly type: string
  readonly reason: string | undefined
  readonly at: number
  readonly names: readonly Name[]
}

export function eventsOf({ events, sub_id, iss, iat, toe }: EventToken): SecurityEvent[] {
  return Object.entries(events).map(([type, { subject: own, reason }]) => ({
    type,
    reason,
    at: (toe ?? iat) * 1_000,
    names: namesOf(own ?? sub_id, iss),
  }))
}

type SimpleSubject = z.output<typeof simpleSubject>

function namesOf(of: z.output<typeof subject> | undefined, issuer: string): Name[] {
  if (of === undefined) return []
  return [of, ...(of.identifiers ?? []), ...(of.user ? [of.user] : [])].flatMap((each) =>
    simpleNames(each, issuer),
  )
}

/** `sub` identifies a user only together with its issuer. */
function simpleNames({ iss = '', sub, email, id, uri, ...subject }: SimpleSubject, issuer: string): Name[] {
  if (subject.token !== undefined) {
    const isRefreshToken = subject.token_type === undefined || subject.token_type === 'refresh_token'
    return isRefreshToken ? [{ kind: 'token', text: subject.token }] : []
  }
  const known = iss === '' || isSameIssuer(iss, issuer)
  const people = [known ? sub : undefined, email, id, uri?.replace(/^acct:/i, '')]
  return people.flatMap((each) => (each === undefined ? [] : [{ kind: 'person' as const, text: each }]))
}

/** Ignores a trailing slash, which Google's issuer has in security events and nowhere else. */
export function isSameIssuer(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '')
}
