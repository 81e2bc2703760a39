import type { FastifyRequest } from 'fastify'

export interface CookieToSet {
  readonly name: string
  readonly value: string
  /** The path of the cookie, below a reverse proxy's prefix. */
  readonly path: string
  readonly sameSite: 'Strict' | 'Lax'
  /** Seconds. */
  readonly maxAge: number
}

/**
 * The `Set-Cookie` of a cookie that scripts cannot read, and that is not sent over http if pages are served over https.
 */
export function cookieText(
  { protocol, server: { basePath } }: FastifyRequest,
  { name, value, path, sameSite, maxAge }: CookieToSet,
  publicUrl: string,
): string {
  const secure = protocol === 'https' || publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${name}=${value}; Path=${basePath}${path}; HttpOnly; SameSite=${sameSite}; Max-Age=${maxAge}${secure}`
}
