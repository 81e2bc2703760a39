import type { Secret } from '../secret.ts'
import type { AppConfig } from './app-config.ts'
import type { Endpoints } from './endpoints.ts'
import type { Http, Timing } from './http.ts'
import { postForm } from './post-form.ts'
import { readTokenAnswer } from './read-token-answer.ts'
import { refused, type TokenAnswer } from './token-answer.ts'

export interface TokenRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** `grant_type` and what goes with it. */
  readonly form: Record<string, string>
  readonly timing: Timing
  readonly refreshToken?: Secret
  readonly workedBefore?: boolean
  /** Milliseconds of our clock; `Date.now` by default. */
  now?(): number
}

export interface RefreshRequest extends Omit<TokenRequest, 'form' | 'refreshToken'> {
  readonly refreshToken: Secret
  /** Only to narrow what was granted: without it the grant keeps its own (RFC 6749 §6). */
  readonly scopes?: readonly string[]
  /** This grant has been refreshed before, so a request the provider now finds wrong is not news about us. */
  readonly workedBefore?: boolean
}

interface Ways {
  readonly http: Http
  readonly endpoints: Endpoints
}

export type TokenRequests = ReturnType<typeof createTokenRequests>

/** Requests to token endpoints (RFC 6749 §3.2). They resolve to an answer whatever the network or the provider does. */
export function createTokenRequests({ http, endpoints }: Ways) {
  async function requestTokens(request: TokenRequest): Promise<TokenAnswer> {
    const { config, timing, form, clientSecret, refreshToken, workedBefore = false, now = Date.now } = request
    const startedAt = performance.now()
    const resolved = await endpoints.resolve({ config, endpoint: 'token_endpoint', within: timing.connectMs })
    if (!resolved.ok) return refused(resolved.refusal)
    const elapsed = performance.now() - startedAt
    const exchange = await postForm({
      http,
      config,
      ...(clientSecret && { clientSecret }),
      server: resolved.server,
      url: resolved.url,
      form,
      timing: {
        ...timing,
        connectMs: timing.connectMs - elapsed,
        answerMs: timing.answerMs - elapsed,
      },
    })
    return readTokenAnswer({ exchange, ...(refreshToken && { refreshToken }), workedBefore, now: now() })
  }

  return {
    requestTokens,
    /** Spends `refreshToken` (RFC 6749 §6) at most once. */
    refreshToken({ scopes, workedBefore = false, ...request }: RefreshRequest): Promise<TokenAnswer> {
      const form = { grant_type: 'refresh_token', refresh_token: request.refreshToken.reveal() }
      if (scopes === undefined) return requestTokens({ ...request, form, workedBefore })
      // Scopes asked for just now may be wrong by themselves; that says nothing about the grant.
      return requestTokens({ ...request, form: { ...form, scope: scopes.join(' ') }, workedBefore: false })
    },
  }
}
