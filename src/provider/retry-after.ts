import type { IncomingHttpHeaders } from 'node:http'

const longest = 86_400

/**
 * Seconds to wait by `Retry-After` (RFC 9110 §10.2.3), at most a day. A date is compared with the provider's clock if
 * the response has one. `now` in milliseconds.
 */
export function retryAfterSeconds(headers: IncomingHttpHeaders, now: number): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - (dateOf(headers) ?? now)) / 1_000
  return Number.isNaN(seconds) ? undefined : Math.min(longest, Math.max(0, Math.ceil(seconds)))
}

/** The provider's clock in milliseconds by its `Date` header. */
export function dateOf(headers: IncomingHttpHeaders): number | undefined {
  const date = Date.parse(headers.date ?? '')
  return Number.isNaN(date) ? undefined : date
}
