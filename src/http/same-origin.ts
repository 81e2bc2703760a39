import type { IncomingHttpHeaders } from 'node:http'

interface Asked {
  readonly method: string
  /** As a trusted proxy says, else as this connection has it. */
  readonly protocol: string
  readonly host: string
  readonly headers: IncomingHttpHeaders
}

export interface OwnOrigin {
  /** A session cookie is accepted for changes from our own origin alone; a request with an API token cannot be forged by another site. */
  permits(asked: Asked): boolean
  /** Does a browser say that this comes from elsewhere? */
  isElsewhere(asked: Omit<Asked, 'method'>): boolean
}

const changesNothing = new Set(['GET', 'HEAD'])

/**
 * A browser sends the cookie of the page for every origin of the same site, another port of the same host for one. Where a
 * request comes from, only the browser says, and no script can change what it says: `Sec-Fetch-Site`, else `Origin`.
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
