import type { IncomingHttpHeaders } from 'node:http'

interface Asked {
  readonly method: string
  /** As reported by a trusted proxy, otherwise by the connection. */
  readonly protocol: string
  readonly host: string
  readonly headers: IncomingHttpHeaders
}

export interface OwnOrigin {
  /**
   * Changes with a session cookie are accepted from our own origin only; a request with an API token cannot be forged
   * by another site.
   */
  permits(asked: Asked): boolean
  /** True if the browser reports another origin. */
  isElsewhere(asked: Omit<Asked, 'method'>): boolean
}

const changesNothing = new Set(['GET', 'HEAD'])

/**
 * Browsers send the cookie with requests of every origin of the same site, such as another port of the host. Only the
 * browser sets `Sec-Fetch-Site` and `Origin`, which scripts cannot change.
 */
export function createOwnOrigin(publicUrl: () => string): OwnOrigin {
  function isOwn({ protocol, host, headers }: Omit<Asked, 'method'>): boolean {
    const { 'sec-fetch-site': site, origin } = headers
    if (site !== undefined) return site === 'same-origin'
    return (
      origin !== undefined && (origin === new URL(publicUrl()).origin || origin === `${protocol}://${host}`)
    )
  }

  return {
    permits(asked) {
      const { method, headers } = asked
      return headers.authorization !== undefined || changesNothing.has(method) || isOwn(asked)
    },
    isElsewhere(asked) {
      const { headers } = asked
      const said = headers['sec-fetch-site'] !== undefined || headers.origin !== undefined
      return said && !isOwn(asked)
    },
  }
}
