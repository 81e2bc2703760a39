import * as oauth from 'oauth4webapi'
import { causedBy, withValues } from '../contract/reasons.ts'
import { parseAnswer } from './answer-schema.ts'
import type { Refusal } from './classified.ts'
import type { Exchange, Http } from './http.ts'
import { misconfigured, unsentRefusal } from './transport-refusal.ts'

export type Discovered =
  | { readonly ok: true; readonly server: oauth.AuthorizationServer }
  | { readonly ok: false; readonly refusal: Refusal }

export interface Discover {
  readonly http: Http
  readonly issuer: string
  readonly allowPrivate: boolean
}

type Algorithm = 'oidc' | 'oauth2'

const timing = { connectMs: 5_000, answerMs: 10_000 }
const contradictions: readonly unknown[] = [oauth.JSON_ATTRIBUTE_COMPARISON, oauth.INVALID_RESPONSE]

/** OpenID Connect Discovery 1.0 §4, else RFC 8414 §3. Never rejects. */
export async function discover(options: Discover): Promise<Discovered> {
  const first = await fetchMetadata(options, 'oidc')
  if (first.ok || first.status === undefined || first.status < 400 || first.status >= 500) return first
  return fetchMetadata(options, 'oauth2')
}

async function fetchMetadata(
  { http, issuer, allowPrivate }: Discover,
  algorithm: Algorithm,
): Promise<Discovered & { status?: number }> {
  let exchange: Exchange | undefined
  try {
    const url = new URL(issuer)
    const response = await oauth.discoveryRequest(url, {
      algorithm,
      [oauth.allowInsecureRequests]: allowPrivate,
      [oauth.customFetch]: async (href, { method, headers }) => {
        const send = (to: URL) => http.send({ url: to, method, headers, timing })
        exchange = await followed({ url: new URL(href), send })
        return toResponse(exchange)
      },
    })
    return { ok: true, server: await oauth.processDiscoveryResponse(url, response) }
  } catch (error) {
    return failed(exchange, error)
  }
}

const maxRedirects = 3

interface Following {
  readonly url: URL
  send(to: URL): Promise<Exchange>
}

/** Follows redirects only on the same host, such as for a missing slash. */
async function followed({ url, send }: Following): Promise<Exchange> {
  let exchange = await send(url)
  let at = url
  for (let redirects = 0; redirects < maxRedirects; redirects++) {
    const next = redirectOf(exchange, at)
    if (next === undefined) return exchange
    at = next
    exchange = await send(at)
  }
  return exchange
}

function redirectOf(exchange: Exchange, from: URL): URL | undefined {
  if (exchange.kind !== 'answered' || ![301, 302, 303, 307, 308].includes(exchange.status)) return undefined
  const { location } = exchange.headers
  if (location === undefined || !URL.canParse(location, from.href)) return undefined
  const to = new URL(location, from)
  const isSafer = to.protocol === from.protocol || to.protocol === 'https:'
  return isSafer && to.host === from.host && to.username === '' && to.password === '' ? to : undefined
}

/** The issuer in the metadata, if it can be shown. */
function issuerIn({ body }: Extract<Exchange, { kind: 'answered' }>): string | undefined {
  const issuer = parseAnswer(body.toString())?.issuer
  return typeof issuer === 'string' && /^https?:\/\/[\x21-\x7e]{1,500}$/.test(issuer) ? issuer : undefined
}

function failed(exchange: Exchange | undefined, error: unknown): Discovered & { status?: number } {
  const { code } = error as { code?: unknown }
  if (exchange?.kind !== 'answered')
    return { ok: false, refusal: unsentRefusal(exchange?.code ?? String(code)) }
  const { status } = exchange
  if (contradictions.includes(code)) {
    const found = issuerIn(exchange)
    const cause =
      found === undefined
        ? causedBy('misconfigured', 'issuer')
        : withValues(causedBy('misconfigured', 'otherIssuer'), { issuer: found })
    return { ok: false, refusal: misconfigured({ error: 'discovery_contradicts', cause }) }
  }
  const refusal: Refusal = {
    ...unsentRefusal('discovery_failed'),
    ...causedBy('discovery_failed'),
    providerError: { status, error: 'discovery_failed' },
  }
  return { ok: false, status, refusal }
}

/** Throws if there was no answer. */
export function toResponse(exchange: Exchange): Response {
  if (exchange.kind !== 'answered') throw new Error(`no answer: ${exchange.code}`)
  const { status, headers, body } = exchange
  return new Response(body, { status, headers: { 'content-type': headers['content-type'] ?? '' } })
}
