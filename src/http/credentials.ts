import type { IncomingHttpHeaders } from 'node:http'

export const sessionCookie = 'tokenbus-session'

const longest = 256
const inCookie = new RegExp(`(?:^|; )${sessionCookie}=([^;]{1,${longest}})`)

/** The API token a request carries, or the cookie of a signed-in page. Never from the URL, which lands in logs. */
export function tokenOf({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined) return cookie === undefined ? undefined : inCookie.exec(cookie)?.[1]
  if (authorization.length > longest) return undefined
  return authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined
}
