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

/** Without a slash at its end. Its path goes into cookies and pages as it is, so it is a plain one. */
export const publicUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(1_024)
  .transform((text, check) => {
    const { pathname, search, hash } = new URL(text)
    const path = pathname.replace(/\/$/, '')
    const first = path.split('/')[1] ?? ''
    if (search !== '' || hash !== '') check.addIssue('must have neither a query nor a fragment')
    else if (!/^(\/[\w.~-]+)*$/.test(path))
      check.addIssue('must have a path of letters, digits and - . _ ~ alone')
    else if (ownSegments.has(first))
      check.addIssue(`must have a path that does not begin with /${first}, which is one of tokenbus' own`)
    return text.replace(/\/$/, '')
  })

/** The prefix under which a reverse proxy has us, such as `/tokenbus`; empty for none. */
export const basePathOf = (publicUrl: string | undefined): string =>
  publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')

/** Of a request's URL. Some proxies hand the prefix on and some strip it: both mean the same. */
export function withoutBasePath(basePath: string): (url: string) => string {
  if (basePath === '') return (url) => url
  const prefix = `${basePath}/`
  return (url) => (url.startsWith(prefix) ? url.slice(basePath.length) : url)
}
