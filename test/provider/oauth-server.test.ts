import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { refusalOf, config as settings, startProvider, timing, tokensOf } from './ask.ts'
import { jwkOf } from './keys.ts'
import { type OAuthServer, startOAuthServer } from './oauth-server.ts'

const clientSecret = new Secret('a secret: with/odd+characters %')
let server: OAuthServer
let config: AppConfig
const provider = startProvider()

beforeAll(async () => {
  server = await startOAuthServer(clientSecret.reveal())
  config = { ...settings, clientId: 'basic', issuer: server.issuer }
})

afterAll(async () => {
  await provider.close()
  await server[Symbol.asyncDispose]()
})

async function signIn(app: AppConfig = config, secret = clientSecret) {
  const { redirectUri } = server
  const asked = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const url = await provider.authorizationUrl({ config: app, redirectUri, codeVerifier, ...asked })
  if (!url.ok) throw new Error(url.failure.message)
  return {
    config: app,
    clientSecret: secret,
    callbackUrl: await server.visit(url.value),
    redirectUri,
    codeVerifier,
    ...asked,
  }
}

async function connect(app: AppConfig = config, secret = clientSecret) {
  const answer = await provider.redeemCode(await signIn(app, secret))
  const { refreshToken } = await tokensOf(answer)
  if (refreshToken === undefined) throw new Error('no refresh token')
  return { answer, refreshToken }
}

const refresh = (refreshToken: Secret, changes = {}) =>
  provider.refreshToken({ config, clientSecret, user: 'alice', refreshToken, timing, ...changes })

describe('a certified OAuth server', () => {
  test('connects by authorization code with PKCE, and names the user', async () => {
    const { answer } = await connect()
    expect(answer).toMatchObject({
      kind: 'tokens',
      expiresIn: 60,
      scopes: ['openid', 'offline_access'],
      claims: { sub: 'alice', iss: server.issuer },
    })
  })

  test('rotates refresh tokens; reuse of an old one is class R, and revokes the family', async () => {
    const { refreshToken } = await connect()
    const second = await tokensOf(refresh(refreshToken))
    const third = await tokensOf(refresh(second.refreshToken as Secret))
    expect(await refusalOf(refresh(refreshToken))).toMatchObject({
      class: 'R',
      reason: 'grant_revoked',
      sent: true,
      inDoubt: false,
      providerError: { status: 400, error: 'invalid_grant' },
    })
    expect(await refusalOf(refresh(third.refreshToken as Secret))).toMatchObject({ class: 'R' })
  })

  test('accepts private_key_jwt', async () => {
    const app: AppConfig = { ...config, clientId: 'key' }
    const key = new Secret(JSON.stringify({ ...jwkOf('ec'), kid: 'ec-1', alg: 'ES256' }))
    const { refreshToken } = await connect(app, key)
    await tokensOf(refresh(refreshToken, { config: app, clientSecret: key }))
    const another = new Secret(JSON.stringify(jwkOf('rsa')))
    expect(await refusalOf(refresh(refreshToken, { config: app, clientSecret: another }))).toMatchObject({
      class: 'P',
      providerError: { error: 'invalid_client' },
    })
  })

  test('issues a token for client credentials, without a refresh token', async () => {
    const app: AppConfig = {
      ...config,
      clientId: 'service',
      grant: 'client_credentials',
      scopes: ['mail.imap'],
    }
    const asked = { config: app, clientSecret, user: 'alice', timing }
    const answer = await tokensOf(provider.refreshToken(asked))
    expect(answer).toMatchObject({ expiresIn: 600, scopes: ['mail.imap'] })
    expect(answer.refreshToken).toBeUndefined()
  })

  test('accepts client_secret_post', async () => {
    const post: AppConfig = { ...config, clientId: 'post', clientAuth: 'client_secret_post' }
    const { refreshToken } = await connect(post)
    await tokensOf(refresh(refreshToken, { config: post }))
  })

  test('rejects a wrong secret without using the refresh token', async () => {
    const { refreshToken } = await connect()
    expect(await refusalOf(refresh(refreshToken, { clientSecret: new Secret('wrong') }))).toMatchObject({
      class: 'P',
      reason: 'client_rejected',
      providerError: { status: 401, error: 'invalid_client' },
    })
    await tokensOf(refresh(refreshToken))
  })

  test('revokes a grant', async () => {
    const { refreshToken } = await connect()
    expect(await provider.revokeToken({ config, clientSecret, token: refreshToken })).toEqual({ ok: true })
    expect(await refusalOf(refresh(refreshToken))).toMatchObject({ class: 'R' })
    const again = await provider.revokeToken({ config, clientSecret, token: refreshToken })
    expect(again).toEqual({ ok: true })
  })

  test('reports a failed revocation with a wrong secret', async () => {
    const wrong = { config, clientSecret: new Secret('wrong'), token: new Secret('t') }
    expect(await provider.revokeToken(wrong)).toMatchObject({
      ok: false,
      failure: { error: 'provider_unavailable', message: expect.stringContaining('HTTP 401') },
    })
  })

  test('reports a missing revocation endpoint', async () => {
    const { issuer: _, ...explicit } = { ...config, tokenUrl: `${server.issuer}/token` }
    const answer = await provider.revokeToken({ config: explicit, clientSecret, token: new Secret('t') })
    expect(answer).toMatchObject({ ok: false, failure: { error: 'invalid_config' } })
  })
})

describe('an invalid callback', () => {
  test.each([
    ['another state', { state: 'another' }],
    ['no code', { callbackUrl: 'http://127.0.0.1:9/callback' }],
    [
      'another issuer',
      { callbackUrl: 'http://127.0.0.1:9/callback?code=c&state=s&iss=http://evil', state: 's' },
    ],
    ['another nonce', { nonce: 'another' }],
  ])('%s is rejected', async (_, changes) => {
    const refusal = await refusalOf(provider.redeemCode({ ...(await signIn()), ...changes }))
    expect(refusal).toMatchObject({ class: 'C', inDoubt: false })
  })

  test('with another code verifier is rejected, and uses up the code', async () => {
    const request = { ...(await signIn()), codeVerifier: oauth.generateRandomCodeVerifier() }
    expect(await refusalOf(provider.redeemCode(request))).toMatchObject({
      providerError: { error: 'invalid_grant' },
    })
  })

  test('of a user who declined', async () => {
    const callbackUrl = `http://127.0.0.1:9/callback?error=access_denied&state=s&iss=${server.issuer}`
    const refusal = await refusalOf(
      provider.redeemCode({
        ...{ config, clientSecret, callbackUrl, state: 's' },
        ...{ redirectUri: server.redirectUri, codeVerifier: 'v' },
      }),
    )
    expect(refusal).toMatchObject({ class: 'S', reason: 'access_denied', sent: false })
  })
})
