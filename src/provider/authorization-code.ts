import * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'
import { classify, isRecoverable } from './classify.ts'
import type { Endpoints } from './endpoints.ts'
import { consentScopes, identityIssuer } from './identity.ts'
import { judgeIdToken, type UserClaims } from './judge-id-token.ts'
import { presetOf } from './presets.ts'
import { refused, type TokenAnswer, type Tokens } from './token-answer.ts'
import type { TokenRequests } from './token-request.ts'
import { misconfigured } from './transport-refusal.ts'

export interface AuthorizationUrlRequest {
  readonly config: AppConfig
  readonly redirectUri: string
  readonly state: string
  readonly nonce?: string
  readonly codeVerifier: string
  /** Who is expected to sign in. */
  readonly loginHint?: string
}

export interface RedeemCodeRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** The whole URL the user's browser came back to. */
  readonly callbackUrl: string | URL
  readonly redirectUri: string
  readonly state: string
  readonly nonce?: string
  readonly codeVerifier: string
}

/** `claims` say who signed in, where the provider is known by its issuer and sent an ID token. */
export type CodeAnswer =
  | (Tokens & { readonly claims?: UserClaims })
  | Exclude<TokenAnswer, { readonly kind: 'tokens' }>

export interface AuthorizationCode {
  /** Where to send the user's browser. Fails with `provider_unavailable` or `invalid_config`. */
  authorizationUrl(request: AuthorizationUrlRequest): Promise<Result<string>>
  /** Never rejects for what the provider or the browser brings. */
  redeemCode(request: RedeemCodeRequest): Promise<CodeAnswer>
}

export interface AuthorizationCodeOptions {
  readonly endpoints: Endpoints
  readonly requestTokens: TokenRequests['requestTokens']
}

const timing = { connectMs: 5_000, answerMs: 30_000 }

/** The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636, S256). */
export function createAuthorizationCode({
  endpoints,
  requestTokens,
}: AuthorizationCodeOptions): AuthorizationCode {
  return {
    async authorizationUrl(request) {
      const { config, redirectUri, state, nonce, codeVerifier, loginHint } = request
      const endpoint = 'authorization_endpoint'
      const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
      if (!resolved.ok) {
        const { class: failureClass, reason, action } = resolved.refusal
        return fail(failureClass === 'C' ? 'invalid_config' : 'provider_unavailable', `${reason}: ${action}`)
      }
      const { url } = resolved
      const parameters = {
        response_type: 'code',
        client_id: config.clientId,
        redirect_uri: redirectUri,
        scope: consentScopes(config).join(' '),
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(nonce !== undefined && { nonce }),
        ...(loginHint !== undefined && { login_hint: loginHint }),
        ...presetOf(config).authorize,
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return ok(url.href)
    },

    async redeemCode(request) {
      const { config, clientSecret, callbackUrl, redirectUri, state, nonce, codeVerifier } = request
      const endpoint = 'token_endpoint'
      const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
      if (!resolved.ok) return refused(resolved.refusal)
      const { server } = resolved
      const callback = readCallback({ config, server, callbackUrl, state })
      if (typeof callback !== 'string') return callback
      const answer = await requestTokens({
        config,
        ...(clientSecret && { clientSecret }),
        form: () => ({
          grant_type: 'authorization_code',
          code: callback,
          redirect_uri: redirectUri,
          code_verifier: codeVerifier,
        }),
        timing,
      })
      const issuer = identityIssuer(config)
      if (answer.kind === 'refused' || issuer === undefined) return answer
      return judgeIdToken({
        config,
        server: { ...server, issuer },
        answer,
        ...(nonce !== undefined && { nonce }),
      })
    },
  }
}

interface ReadCallback extends Pick<RedeemCodeRequest, 'config' | 'callbackUrl' | 'state'> {
  readonly server: oauth.AuthorizationServer
}

/** The code in the callback, once `state` and `iss` (RFC 9207) are what they must be. */
function readCallback({ config, server, callbackUrl, state }: ReadCallback) {
  const parameters = new URLSearchParams(new URL(callbackUrl).searchParams)
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

function rejected(error: string): TokenAnswer & { kind: 'refused' } {
  const refusal = misconfigured({ error, action: 'ask the user to start again' })
  return { kind: 'refused', refusal: { ...refusal, reason: 'callback_rejected' } }
}

/** RFC 6749 §4.1.2.1: the user or the provider said no before there was a code. */
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
