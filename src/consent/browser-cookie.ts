import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { PendingConsent } from './tickets.ts'

export interface BrowserCookie {
  readonly name: string
  readonly value: string
}

/**
 * A cookie that ties a consent to the browser in which it was started: a callback in another browser would connect one
 * user's account for another (RFC 9700 §4.7). Each ticket has its own cookie name, so that one browser can have several
 * consents open; a consent may be started in several browsers.
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
