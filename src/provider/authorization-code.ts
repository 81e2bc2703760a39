import * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import type { Result } from '../contract/failures.ts'
import { causedBy } from '../contract/reasons.ts'
import type { AppConfig } from './app-config.ts'
import { type AuthorizationUrlRequest, authorizationUrl } from './authorization-url.ts'
import { classify, isRecoverable } from './classify.ts'
import type { Endpoints } from './endpoints.ts'
import { keptFields } from './kept-fields.ts'
import type { AskSignedIn, SignedInAnswer } from './signed-in.ts'
import { refused, type TokenAnswer, type Tokens } from './token-answer.ts'
import type { TokenRequests } from './token-request.ts'
import { misconfigured } from './transport-refusal.ts'

export interface RedeemCodeRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** The full callback URL that the user's browser requested. */
  readonly callbackUrl: string | URL
  readonly redirectUri: string
  readonly state: string
  readonly nonce?: string
  readonly codeVerifier: string
}

/** `signedIn` is present if the provider sent an ID token. */
export type CodeAnswer = SignedInAnswer

export interface AuthorizationCode {
  /** The URL to redirect the user's browser to. Fails with `provider_unavailable` or `invalid_config`. */
  authorizationUrl(request: AuthorizationUrlRequest): Promise<Result<string>>
  /** Never rejects because of the provider's or the browser's input. */
  redeemCode(request: RedeemCodeRequest): Promise<CodeAnswer>
}

export interface AuthorizationCodeOptions {
  readonly endpoints: Endpoints
  readonly requestTokens: TokenRequests['requestTokens']
  askSignedIn(asked: AskSignedIn): Promise<SignedInAnswer>
}

const timing = { connectMs: 5_000, answerMs: 30_000 }

/** The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636, S256). */
export function createAuthorizationCode({
  endpoints,
  requestTokens,
  askSignedIn,
}: AuthorizationCodeOptions): AuthorizationCode {
  /** With `exchangeUrl`, the token for the code is exchanged for a long-lived one. */
  async function longerLived(
    { config, clientSecret }: RedeemCodeRequest,
    first: Tokens,
  ): Promise<TokenAnswer> {
    if (config.exchangeUrl === undefined) return first
    const refresh_token = first.accessToken.reveal()
    const answer = await requestTokens({
      config,
      ...(clientSecret && { clientSecret }),
      form: () => ({ grant_type: 'refresh_token', refresh_token }),
      purpose: 'exchange',
      refreshToken: first.accessToken,
      timing,
    })
    if (answer.kind === 'refused') return answer
    const { expiresIn: _, ...known } = first
    const extra = { ...first.extra, ...answer.extra }
    return { ...known, ...answer, ...(Object.keys(extra).length > 0 && { extra }), ...reachedBy(first) }
  }

  return {
    authorizationUrl: (request) => authorizationUrl(endpoints, request),

    async redeemCode(request) {
      const { config, clientSecret, callbackUrl, redirectUri, state, codeVerifier } = request
      const endpoint = 'token_endpoint'
      const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
      if (!resolved.ok) return refused(resolved.refusal)
      const { server } = resolved
      const callback = readCallback({ config, server, callbackUrl, state })
      if (typeof callback !== 'string') return callback
      const first = await requestTokens({
        config,
        ...(clientSecret && { clientSecret }),
        form: () => ({
          grant_type: 'authorization_code',
          code: callback,
          redirect_uri: config.redirectUri ?? redirectUri,
          ...(config.pkce !== false && { code_verifier: codeVerifier }),
        }),
        timing,
      })
      const answer = first.kind === 'refused' ? first : await longerLived(request, first)
      if (answer.kind === 'refused') return answer
      const { nonce = request.nonce } = config.authorizeParams ?? {}
      const withUser = await askSignedIn({
        config,
        server,
        answer,
        ...(typeof nonce === 'string' && { nonce }),
      })
      return withCallback(withUser, { config, callbackUrl: new URL(callbackUrl), code: callback })
    },
  }
}

const reachedBy = ({ reached }: Tokens) => (reached === undefined ? {} : { reached })

interface Called {
  readonly config: AppConfig
  readonly callbackUrl: URL
  readonly code: string
}

/** Kept fields from the callback and the ID token, if the token response does not have them. */
function withCallback(answer: CodeAnswer, { config, callbackUrl, code }: Called): CodeAnswer {
  if (answer.kind === 'refused' || config.keep === undefined) return answer
  const { accessToken, refreshToken, idToken, claims } = answer
  const secrets = [code, ...[accessToken, refreshToken, idToken].map((each) => each?.reveal())]
  const sources = [answer.extra, claims, Object.fromEntries(callbackUrl.searchParams)]
  const extra = keptFields({ keep: config.keep, sources, secrets })
  return { ...answer, ...(extra && { extra }) }
}

interface ReadCallback extends Pick<RedeemCodeRequest, 'config' | 'callbackUrl' | 'state'> {
  readonly server: oauth.AuthorizationServer
}

/** The code in the callback, after checking `state` and `iss` (RFC 9207). */
function readCallback({ config, server, callbackUrl, state }: ReadCallback) {
  const parameters = standardCallback(config, new URL(callbackUrl))
  if (config.issuer === undefined) parameters.delete('iss')
  try {
    const client = { client_id: config.clientId }
    const code = oauth.validateAuthResponse(server, client, parameters, state).get('code')
    return code || rejected('no_code_in_callback')
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return declined(error.error)
    return rejected('callback_does_not_match')
  }
}

/** RFC 6749 §4.1.2. Further parameters of a hybrid flow are ignored, because the tokens carry them too. */
function standardCallback({ parameterNames = {}, authorizeParams = {} }: AppConfig, { searchParams }: URL) {
  const parameters = new URLSearchParams(searchParams)
  for (const name of ['code', 'state']) {
    const value = parameters.get(parameterNames[name] || name)
    if (value !== null) parameters.set(name, value)
  }
  if (authorizeParams.response_type !== undefined) parameters.delete('id_token')
  return parameters
}

function rejected(error: string): TokenAnswer & { kind: 'refused' } {
  return { kind: 'refused', refusal: { ...misconfigured({ error }), ...causedBy('callback_rejected') } }
}

/** RFC 6749 §4.1.2.1: the user or the provider refused the authorization. */
function declined(word: string): TokenAnswer & { kind: 'refused' } {
  const { refusal } = rejected(/^[\w.:-]{1,40}$/.test(word) ? word : 'unknown_error')
  const row = classify({ providerError: refusal.providerError, workedBefore: false })
  if (row === undefined) return { kind: 'refused', refusal }
  const { class: failureClass, reason, action } = row
  return {
    kind: 'refused',
    refusal: { ...refusal, class: failureClass, reason, action, recoverable: isRecoverable(failureClass) },
  }
}
