import type { IncomingHttpHeaders } from 'node:http'

export const sessionCookie = 'tokenbus-session'

const longest = 256
const inCookie = new RegExp(`(?:^|; )${sessionCookie}=([^;]{1,${longest}})`)

/** The API token of a request, or of the cookie of a signed-in page. Never read from the URL, which appears in logs. */
export function tokenOf({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined) return cookie === undefined ? undefined : inCookie.exec(cookie)?.[1]
  if (authorization.length > longest) return undefined
  return authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined
}
