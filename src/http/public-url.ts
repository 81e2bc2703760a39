import { z } from 'zod'

/** First segments of our own paths: as a prefix, `/v1/accounts` would have two meanings. */
export const ownSegments: ReadonlySet<string> = new Set([
  'assets',
  'docs',
  'healthz',
  'livez',
  'metrics',
  'oauth',
  'openapi.json',
  'readyz',
  'session',
  'v1',
])

/** Without a trailing slash. Its path is used in cookies and pages unescaped, so it must be plain. */
export const publicUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(1_024)
  .transform((text, check) => {
    const { pathname, search, hash } = new URL(text)
    const path = pathname.replace(/\/$/, '')
    const first = path.split('/')[1] ?? ''
    if (search !== '' || hash !== '') check.addIssue('must have neither a query nor a fragment')
    else if (!/^(\/[\w.~-]+)*$/.test(path))
      check.addIssue('must have a path of only letters, digits and - . _ ~')
    else if (ownSegments.has(first))
      check.addIssue(`must have a path that does not begin with /${first}, which is one of tokenbus' own`)
    return text.replace(/\/$/, '')
  })

/** The prefix under which a reverse proxy serves us, such as `/tokenbus`; empty for none. */
export const basePathOf = (publicUrl: string | undefined): string =>
  publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')

/** Removes the prefix from a request's URL, since some proxies forward it and others strip it. */
export function withoutBasePath(basePath: string): (url: string) => string {
  if (basePath === '') return (url) => url
  const prefix = `${basePath}/`
  return (url) => (url.startsWith(prefix) ? url.slice(basePath.length) : url)
}
