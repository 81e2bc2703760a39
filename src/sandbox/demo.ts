import { randomBytes } from 'node:crypto'
import type { Tokenbus } from '../api.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import type { Sandbox } from './server.ts'
import { signIn } from './sign-in.ts'

const app = 'sandbox'
const account = 'demo'
const scopes = ['openid', 'email', 'offline_access']

export interface DemoOptions {
  readonly tokenbus: Tokenbus
  readonly provider: Pick<Provider, 'authorizationUrl' | 'redeemCode'>
  readonly sandbox: Sandbox
  readonly redirectUri: string
}

/**
 * Makes the app `sandbox` and connects the account `demo` as a person would: through the consent page of the sandbox,
 * with PKCE. Leaves both alone when they are there, whatever state they are in.
 */
export async function connectDemo({ tokenbus, provider, sandbox, redirectUri }: DemoOptions): Promise<void> {
  const { id: clientId, secret: clientSecret } = sandbox.client
  const known = await tokenbus.getApp(app)
  if (!known.ok || known.value.issuer !== sandbox.url) {
    const put = await tokenbus.putApp(app, {
      provider: 'oidc',
      issuer: sandbox.url,
      clientId,
      clientSecret,
      scopes,
    })
    if (!put.ok) throw new Error(`the app ${app} was refused: ${put.failure.message}`)
  }
  if ((await tokenbus.getAccount(account)).ok) return

  const config: AppConfig = {
    app,
    provider: 'oidc',
    issuer: sandbox.url,
    clientId,
    clientAuth: 'client_secret_basic',
    scopes,
    rotation: 'strict',
  }
  const codeVerifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const asked = await provider.authorizationUrl({
    config,
    redirectUri,
    state,
    codeVerifier,
    loginHint: account,
  })
  if (!asked.ok) throw new Error(`the sandbox has no consent page: ${asked.failure.message}`)
  const callbackUrl = await signIn({ authorizationUrl: asked.value })
  const answer = await provider.redeemCode({
    config,
    clientSecret,
    callbackUrl,
    redirectUri,
    state,
    codeVerifier,
  })
  if (answer.kind !== 'tokens') throw new Error(`the sandbox refused the code: ${answer.refusal.reason}`)
  const { accessToken, refreshToken, expiresIn = 60 } = answer
  const put = await tokenbus.putAccount(account, {
    app,
    user: `${account}@example.com`,
    accessToken,
    ...(refreshToken && { refreshToken }),
    expires: new Date(Date.now() + expiresIn * 1_000).toISOString(),
    scopes: [...(answer.scopes ?? scopes)],
    policy: 'eager',
  })
  if (!put.ok) throw new Error(`the account ${account} was refused: ${put.failure.message}`)
}
