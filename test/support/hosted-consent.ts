import type { LiveTokenbus } from './live-tokenbus.ts'
import type { Reply } from './nodes.ts'

export interface HostedConsent {
  readonly tokenbus: LiveTokenbus
  /** Of the scope `account:write`. */
  readonly apiToken: string
  /** The body of `POST /v1/authentication/form`, but for the way back. */
  readonly wish: object
  /** Those the person's browser has at the provider. */
  readonly cookie?: string
}

/** The redirect URL of callers in these tests. */
export const callerOrigin = 'http://caller.example'
/** The `TOKENBUS_PUBLIC_URL` of these tests, which their browser maps to the actual address. */
export const publicOrigin = 'https://tokens.example'

const redirectUrl = `${callerOrigin}/connected`
const maxPages = 10

/**
 * Acts as a user: opens the form, consents at the provider, and follows the redirect. Throws the text of an error page.
 */
export async function consentThere({ tokenbus, apiToken, wish, cookie = '' }: HostedConsent): Promise<URL> {
  const form = await fetch(`${tokenbus.httpUrl}/v1/authentication/form`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...wish, redirectUrl }),
  })
  const asked = (await form.json()) as Reply
  if (form.status !== 200) throw new Error(JSON.stringify(asked))
  const cookies = new Map(cookie.split('; ').map((pair) => pairOf(pair)))
  let url = new URL(asked.url)
  for (let page = 0; page < maxPages; page++) {
    if (url.origin === callerOrigin) return url
    const here = url.origin === publicOrigin ? new URL(url.pathname + url.search, tokenbus.httpUrl) : url
    const jar = [...cookies].map((pair) => pair.join('=')).join('; ')
    const answer = await fetch(here, { redirect: 'manual', headers: { cookie: jar } })
    for (const set of answer.headers.getSetCookie()) cookies.set(...pairOf(set.split(';')[0] ?? ''))
    const location = answer.headers.get('location')
    const text = await answer.text()
    if (location === null) throw new Error(`${here.pathname} answers ${answer.status} ${titleOf(text)}`)
    url = new URL(location, url)
  }
  throw new Error('the pages lead in circles')
}

function pairOf(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

const titleOf = (html: string) => /<h1>([^<]*)/.exec(html)?.[1] ?? html.slice(0, 200)
