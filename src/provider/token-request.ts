import type * as oauth from 'oauth4webapi'
import type { Logger } from 'pino'
import type { Secret } from '../common/secret.ts'
import type { TokenWant } from '../contract/token.ts'
import type { AppConfig } from './app-config.ts'
import type { Endpoints, Resolved } from './endpoints.ts'
import { nextTokenForms, type Recipient, spendsRefreshToken } from './grant-forms.ts'
import { mayReach, type Reached } from './grant-place.ts'
import type { Http, Timing } from './http.ts'
import { keptInAnswer } from './kept-fields.ts'
import { leftOut, type Params, withChanges } from './parameters.ts'
import { postForm } from './post-form.ts'
import type { ProviderClocks } from './provider-clocks.ts'
import { readTokenAnswer } from './read-token-answer.ts'
import { refused, type TokenAnswer } from './token-answer.ts'
import { movedRefusal } from './transport-refusal.ts'

export type Purpose = 'token' | 'refresh' | 'exchange'

export interface TokenRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** `grant_type` and its parameters. */
  form(recipient: Recipient): Params | Promise<Params>
  /** Refreshes and exchanges may have a separate endpoint and other parameters. */
  readonly purpose?: Purpose
  readonly timing: Timing
  readonly refreshToken?: Secret
  readonly workedBefore?: boolean
  /** The origins to which the token may be sent; otherwise the request fails unsent. */
  readonly onlyTo?: readonly string[]
}

export interface RefreshRequest extends Omit<TokenRequest, 'form'> {
  /** The account's user. */
  readonly user: string
  /** Only to narrow what was granted: without it the grant keeps its own (RFC 6749 §6). */
  readonly scopes?: readonly string[]
  readonly subjectTokenType?: NonNullable<TokenWant['subjectTokenType']>
  /** The claims of an API's challenge: JSON, passed on unchanged (OpenID Connect Core §5.5). */
  readonly claims?: string
  /** This grant has been refreshed before, so a refusal of the request's form is not the app's fault. */
  readonly workedBefore?: boolean
}

export interface Ways {
  readonly http: Http
  readonly endpoints: Endpoints
  readonly clocks: ProviderClocks
  readonly logger?: Pick<Logger, 'error'>
}

export interface TokenRequests {
  requestTokens(request: TokenRequest): Promise<TokenAnswer>
  /** Obtains the next access token of a grant. Sends `refreshToken`, if the grant has one, at most once. */
  refreshToken(request: RefreshRequest): Promise<TokenAnswer>
}

type Located =
  | (Extract<Resolved, { ok: true }> & { readonly reached: Reached })
  | Extract<Resolved, { ok: false }>

/** Requests to token endpoints (RFC 6749 §3.2). They never reject because of the network or the provider. */
export function createTokenRequests({ http, endpoints, clocks, logger }: Ways): TokenRequests {
  async function locate({ config, timing, onlyTo, purpose = 'token' }: TokenRequest): Promise<Located> {
    const { url: ownUrl } = waysOf(config)[purpose]
    const resolved = await endpoints.resolve({
      config: ownUrl === undefined ? config : { ...config, tokenUrl: ownUrl },
      endpoint: 'token_endpoint',
      within: timing.connectMs,
    })
    if (!resolved.ok) return resolved
    const isConfigured = ownUrl !== undefined
    if (!mayReach(resolved.url, { config, onlyTo, isConfigured })) return { ok: false, refusal: movedRefusal }
    return { ...resolved, reached: isConfigured ? {} : reachedAt(resolved.url, resolved.server) }
  }

  async function requestTokens(request: TokenRequest): Promise<TokenAnswer> {
    const { config, timing, clientSecret, refreshToken, workedBefore = false, purpose = 'token' } = request
    const startedAt = performance.now()
    const located = await locate(request)
    if (!located.ok) return refused(located.refusal)
    const { server, url, reached } = located
    const tokenEndpoint = server.token_endpoint ?? url.href
    const { changes, method = 'POST' } = waysOf(config)[purpose]
    const form = withChanges(await request.form({ tokenEndpoint, now: clocks.now(url) }), changes)
    const elapsed = performance.now() - startedAt
    const exchange = await postForm({
      http,
      config,
      ...(clientSecret && { clientSecret }),
      server,
      url,
      form,
      method,
      without: leftOut(changes),
      now: clocks.now(url),
      timing: {
        ...timing,
        connectMs: timing.connectMs - elapsed,
        answerMs: timing.answerMs - elapsed,
      },
    })
    const answer = readTokenAnswer({
      exchange,
      config,
      ...(refreshToken && { refreshToken }),
      workedBefore,
      now: Date.now(),
      providerNow: clocks.now(url),
    })
    if (exchange.kind === 'answered') clocks.learn(url, exchange.headers)
    const spent = [refreshToken, clientSecret]
    if (answer.kind === 'tokens')
      return { ...answer, ...keptInAnswer({ exchange, config, answer, spent }), reached }
    const { reason, action, providerError, alarm } = answer.refusal
    if (alarm) logger?.error({ app: config.app, reason, providerError }, `this must not be: ${action}`)
    return answer
  }

  return {
    requestTokens,
    async refreshToken({
      scopes,
      user,
      claims,
      workedBefore = false,
      ...request
    }: RefreshRequest): Promise<TokenAnswer> {
      const { config } = request
      const form = async (recipient: Recipient) => ({
        ...(await nextTokenForms[config.grant]({ ...request, user, ...(scopes && { scopes }) }, recipient)),
        ...(claims !== undefined && { claims }),
      })
      // Newly requested scopes may be wrong by themselves, without concerning the grant.
      const answer = await requestTokens({
        ...request,
        form,
        purpose: spendsRefreshToken(config) ? 'refresh' : 'token',
        workedBefore: workedBefore && scopes === undefined,
      })
      if (answer.kind === 'refused' || spendsRefreshToken(config)) return answer
      // RFC 6749 §5.1: without scopes in the response, the requested ones were granted.
      return { ...answer, scopes: answer.scopes ?? [...(scopes ?? config.scopes)] }
    },
  }
}

interface Way {
  readonly url?: string | undefined
  readonly changes: AppConfig['tokenParams']
  readonly method: AppConfig['tokenMethod']
}

function waysOf(config: AppConfig): Readonly<Record<Purpose, Way>> {
  const { tokenMethod, refreshMethod = tokenMethod } = config
  return {
    token: { changes: config.tokenParams, method: tokenMethod },
    refresh: { url: config.refreshUrl, changes: config.refreshParams, method: refreshMethod },
    exchange: { url: config.exchangeUrl, changes: config.exchangeParams, method: refreshMethod },
  }
}

function reachedAt({ href: tokenEndpoint }: URL, server: oauth.AuthorizationServer): Reached {
  const revocationEndpoint = server.revocation_endpoint
  return { tokenEndpoint, ...(revocationEndpoint !== undefined && { revocationEndpoint }) }
}
