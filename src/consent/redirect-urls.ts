import { fail, ok, type Result } from '../contract/failures.ts'

export interface RedirectUrls {
  /** Fails with `bad_request` for a URL that is not allowed. */
  check(url: string): Result<URL>
}

export interface RedirectUrlsOptions {
  /** The origins the operator allows, such as `https://app.example.com`. */
  readonly origins: readonly string[]
  /** The origin of our own pages. */
  readonly ownOrigin: () => string
  /** Allow any port on loopback, for development. */
  readonly allowLoopback: boolean
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Restricts redirects after a consent to allowed origins, to prevent an open redirect (RFC 9700 §4.11). */
export function createRedirectUrls({ origins, ownOrigin, allowLoopback }: RedirectUrlsOptions): RedirectUrls {
  const allowed = new Set(origins)
  return {
    check(text) {
      if (!URL.canParse(text)) return fail('bad_request', 'redirectUrl: must be an absolute URL')
      const url = new URL(text)
      if (url.protocol !== 'https:' && url.protocol !== 'http:')
        return fail('bad_request', 'redirectUrl: must be http or https')
      if (url.username !== '' || url.password !== '')
        return fail('bad_request', 'redirectUrl: must not carry credentials')
      const known =
        allowed.has(url.origin) || url.origin === ownOrigin() || (allowLoopback && loopback.has(url.hostname))
      return known
        ? ok(url)
        : fail('bad_request', `redirectUrl: ${url.origin} is not one of TOKENBUS_REDIRECT_ORIGINS`)
    },
  }
}
