import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { PendingConsent } from './tickets.ts'

export interface BrowserCookie {
  readonly name: string
  readonly value: string
}

/**
 * What only a browser has that was sent to the provider with this ticket: a callback anywhere else would connect one
 * person's account for another (RFC 9700 §4.7). Any number of browsers may begin; a separate cookie name for each ticket lets one
 * browser have several consents open.
 */
export function browserCookie(ticket: string, { codeVerifier }: PendingConsent): BrowserCookie {
  const digest = createHash('sha256').update(ticket).digest('base64url')
  return {
    name: `tokenbus-consent-${digest.slice(0, 12)}`,
    value: createHmac('sha256', codeVerifier.reveal()).update(ticket).digest('base64url'),
  }
}

export function hasCookie({ name, value }: BrowserCookie, cookies: string | undefined): boolean {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim())
  return pairs.some((pair) => pair.startsWith(`${name}=`) && isEqual(pair.slice(name.length + 1), value))
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
