import * as oauth from 'oauth4webapi'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'
import type { Endpoints } from './endpoints.ts'
import { joinedScopes } from './grant-forms.ts'
import { consentScopes } from './identity.ts'
import { type Params, renamed, withChanges } from './parameters.ts'
import { presetOf } from './presets.ts'

export interface AuthorizationUrlRequest {
  readonly config: AppConfig
  /** Used unless the app sets `redirectUri`. */
  readonly redirectUri: string
  readonly state: string
  readonly nonce?: string
  readonly codeVerifier: string
  /** The user expected to sign in. */
  readonly loginHint?: string
  /** Another account than the one the browser is signed in with has to be chosen. */
  readonly chooseAccount?: boolean
}

const within = 5_000

/** The authorization URL (RFC 6749 §4.1.1). Fails with `provider_unavailable` or `invalid_config`. */
export async function authorizationUrl(
  endpoints: Endpoints,
  request: AuthorizationUrlRequest,
): Promise<Result<string>> {
  const { config } = request
  const resolved = await endpoints.resolve({ config, endpoint: 'authorization_endpoint', within })
  if (!resolved.ok) {
    const { class: failureClass, reason, action } = resolved.refusal
    return fail(failureClass === 'C' ? 'invalid_config' : 'provider_unavailable', `${reason}: ${action}`)
  }
  const changes = { ...presetOf(config).authorize, ...config.authorizeParams }
  const params = { ...withChanges(await standardParams(request), changes) }
  const { prompt } = params
  if (request.chooseAccount) Object.assign(params, choosing(config, prompt))
  return ok(withParams(resolved.url, renamed(params, config.parameterNames)))
}

async function standardParams(request: AuthorizationUrlRequest): Promise<Params> {
  const { config, redirectUri, state, nonce, codeVerifier, loginHint } = request
  const asked = {
    client_id: config.clientId,
    redirect_uri: config.redirectUri ?? redirectUri,
    scope: joinedScopes(config, consentScopes(config)),
    state,
  }
  // An administrator's consent for an app's own access returns no code.
  if (config.grant === 'client_credentials') return asked
  return {
    response_type: 'code',
    ...asked,
    ...(await challengeOf(config, codeVerifier)),
    ...(nonce !== undefined && { nonce }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
  }
}

/**
 * OpenID Connect Core §3.1.2.1. Few servers beside Google and Microsoft let an account be selected; any asks for a sign-in.
 */
function choosing(config: AppConfig, prompt = ''): Params {
  if (!consentScopes(config).includes('openid')) return {}
  const word = presetOf(config).identity === undefined ? 'login' : 'select_account'
  const others = prompt.split(' ').filter((each) => !['', 'none', word].includes(each))
  return { prompt: [...others, word].join(' ') }
}

/** RFC 7636 §4.2, or the method that the provider requires. */
async function challengeOf({ pkce, pkceMethod }: AppConfig, codeVerifier: string): Promise<Params> {
  if (pkce === false) return {}
  if (pkceMethod === 'plain') return { code_challenge: codeVerifier, code_challenge_method: 'plain' }
  const challenge = await oauth.calculatePKCECodeChallenge(codeVerifier)
  return { code_challenge: challenge, code_challenge_method: 'S256' }
}

/** A page that is identified by a fragment also reads its parameters from there. */
function withParams(url: URL, params: Params): string {
  if (url.hash !== '') return `${url.href}${url.hash.includes('?') ? '&' : '?'}${new URLSearchParams(params)}`
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url.href
}
