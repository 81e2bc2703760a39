import type { Secret } from '../common/secret.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { parseAnswer } from './answer-schema.ts'
import type { AppConfig } from './app-config.ts'
import { decodeBody } from './decode-body.ts'
import type { Exchange } from './http.ts'
import { postForm } from './post-form.ts'
import type { Ways } from './token-request.ts'

export interface RevokeRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  readonly token: Secret
  /** `refresh_token` by default, which revokes the whole grant (RFC 7009 §2.1). */
  readonly kind?: 'refresh_token' | 'access_token'
  /** The origins it may be sent to. */
  readonly onlyTo?: readonly string[]
}

export interface Revocation {
  /** Fails with `invalid_config` if the provider has no revocation endpoint, otherwise with `provider_unavailable`. */
  revokeToken(request: RevokeRequest): Promise<Result<void>>
}

const timing = { connectMs: 5_000, answerMs: 15_000 }

/** Token revocation (RFC 7009). A token unknown to the provider counts as revoked (§2.2). */
export function createRevocation({ http, endpoints, clocks }: Ways): Revocation {
  return {
    async revokeToken({ token, kind = 'refresh_token', onlyTo, ...client }) {
      const endpoint = 'revocation_endpoint'
      const resolved = await endpoints.resolve({ ...client, endpoint, within: timing.connectMs })
      if (!resolved.ok) {
        const { class: failureClass, reason, action } = resolved.refusal
        return fail(failureClass === 'C' ? 'invalid_config' : 'provider_unavailable', `${reason}: ${action}`)
      }
      const { server, url } = resolved
      if (onlyTo !== undefined && !onlyTo.includes(url.origin))
        return fail('invalid_config', 'app_changed: the grant has never worked at the revocation endpoint')
      const form = { token: token.reveal(), token_type_hint: kind }
      const exchange = await postForm({ http, ...client, server, url, form, timing, now: clocks.now(url) })
      if (exchange.kind === 'answered' && isRevoked(exchange)) return ok(undefined)
      const said = exchange.kind === 'answered' ? `HTTP ${exchange.status}` : exchange.code
      return fail('provider_unavailable', `the provider did not revoke the token: ${said}`)
    },
  }
}

/** Google returns an error for an unknown token, contrary to RFC 7009 §2.2. */
function isRevoked({ status, headers, body }: Extract<Exchange, { kind: 'answered' }>): boolean {
  if (status >= 200 && status < 300) return true
  const said = parseAnswer(decodeBody({ body, encoding: headers['content-encoding'] }))
  return status === 400 && said?.error === 'invalid_token'
}
