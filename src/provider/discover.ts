import * as oauth from 'oauth4webapi'
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

/** OpenID Connect Discovery 1.0 §4, else RFC 8414 §3. Nothing has been spent when it fails. Never rejects. */
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
        exchange = await http.send({ url: new URL(href), method, headers, timing })
        return toResponse(exchange)
      },
    })
    return { ok: true, server: await oauth.processDiscoveryResponse(url, response) }
  } catch (error) {
    return failed(exchange, error)
  }
}

function failed(exchange: Exchange | undefined, error: unknown): Discovered & { status?: number } {
  const { code } = error as { code?: unknown }
  if (exchange?.kind !== 'answered')
    return { ok: false, refusal: unsentRefusal(exchange?.code ?? String(code)) }
  const { status } = exchange
  if (contradictions.includes(code)) {
    const refusal = misconfigured({ error: 'discovery_contradicts', action: 'correct the issuer of the app' })
    return { ok: false, refusal }
  }
  const refusal: Refusal = {
    ...unsentRefusal('discovery_failed'),
    reason: 'discovery_failed',
    action: 'wait; if it lasts, check the issuer of the app',
    providerError: { status, error: 'discovery_failed' },
  }
  return { ok: false, status, refusal }
}

/** Throws where there was no answer. */
export function toResponse(exchange: Exchange): Response {
  if (exchange.kind !== 'answered') throw new Error(`no answer: ${exchange.code}`)
  const { status, headers, body } = exchange
  return new Response(body, { status, headers: { 'content-type': headers['content-type'] ?? '' } })
}
