import { randomBytes } from 'node:crypto'
import { StartError } from '../common/start-error.ts'
import type { AccountPut } from '../contract/account.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import type { Sandbox } from './sandbox.ts'
import { signIn } from './sign-in.ts'

const app = 'sandbox'
const account = 'demo'
const scopes = ['openid', 'email', 'offline_access']

export interface SignInOptions {
  readonly sandbox: Pick<Sandbox, 'url' | 'client'>
  readonly provider: Pick<Provider, 'authorizationUrl' | 'redeemCode'>
  readonly user: string
}

const redirectUri = 'http://127.0.0.1/oauth'

/**
 * Obtains a grant through the sandbox's consent page, with PKCE, and returns the put for it. Rejects with `StartError` while
 * the sandbox simulates a failure.
 */
export async function connectUser({ sandbox, provider, user }: SignInOptions): Promise<AccountPut> {
  const { url: issuer, client } = sandbox
  const config: AppConfig = {
    app,
    provider: 'oidc',
    issuer,
    clientId: client.id,
    grant: 'authorization_code',
    clientAuth: 'client_secret_basic',
    scopes,
    rotation: 'strict',
  }
  const asking = {
    config,
    redirectUri,
    state: randomBytes(16).toString('base64url'),
    codeVerifier: randomBytes(32).toString('base64url'),
  }
  const page = await provider.authorizationUrl({ ...asking, loginHint: user })
  if (!page.ok) throw new Error(`the sandbox has no consent page: ${page.failure.message}`)
  const callbackUrl = await signIn({ authorizationUrl: page.value })
  const answer = await provider.redeemCode({ ...asking, clientSecret: client.secret, callbackUrl })
  if (answer.kind !== 'tokens')
    throw new StartError(
      `The sandbox issues no tokens (${answer.refusal.reason}); run: tokenbus sandbox heal, then try again.`,
    )
  const { accessToken, refreshToken, expiresIn = 60 } = answer
  return {
    app,
    user: `${user}@example.com`,
    accessToken,
    ...(refreshToken && { refreshToken }),
    expires: new Date(Date.now() + expiresIn * 1_000).toISOString(),
    scopes: [...(answer.scopes ?? scopes)],
    policy: 'eager',
  }
}

export interface DemoOptions extends Omit<SignInOptions, 'user'> {
  readonly tokenbus: Pick<Tokenbus, 'getApp' | 'putApp' | 'getAccount' | 'putAccount'>
}

/** Creates the app `sandbox` and the account `demo`; existing ones are left unchanged, but for the sandbox's address. */
export async function connectDemo({ tokenbus, provider, sandbox }: DemoOptions): Promise<void> {
  const { id: clientId, secret: clientSecret } = sandbox.client
  const known = await tokenbus.getApp(app)
  if (!known.ok || known.value.issuer !== sandbox.url) {
    const put = await tokenbus.putApp(app, {
      provider: 'oidc',
      issuer: sandbox.url,
      clientId,
      clientSecret,
      scopes,
      // On another port than last time it is still the sandbox that issued the grants.
      moveGrants: known.ok,
    })
    if (!put.ok) throw new Error(`the app ${app} was refused: ${put.failure.message}`)
  }
  if ((await tokenbus.getAccount(account)).ok) return
  const put = await tokenbus.putAccount(account, await connectUser({ sandbox, provider, user: account }))
  if (!put.ok) throw new Error(`the account ${account} was refused: ${put.failure.message}`)
}
