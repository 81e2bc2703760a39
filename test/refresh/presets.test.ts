import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppPut } from '../../src/contract/app.ts'
import { ok } from '../../src/contract/failures.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { refusalOf, timing } from '../provider/ask.ts'
import { jwkOf, keyFile } from '../provider/keys.ts'
import { type OAuthServer, startOAuthServer } from '../provider/oauth-server.ts'
import { answerBytes, startRawServer } from '../provider/raw-server.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'

const clientSecret = new Secret('a secret: with/odd+characters %')
const provider = createProvider({ allowPrivate: true })
const engines = useEngines()
let server: OAuthServer
let node: TestNode

beforeAll(async () => {
  server = await startOAuthServer(clientSecret.reveal())
  node = await startTestNode({
    ...engines,
    refreshToken: provider.refreshToken,
  })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await provider.close()
  await server[Symbol.asyncDispose]()
})

async function putApp(app: string, put: AppPut): Promise<AppConfig> {
  expect(await node.tokenbus.putApp(app, put)).toMatchObject({ ok: true, value: { provider: put.provider } })
  return (await node.host.apps.look(app)).config as AppConfig
}

async function get(account: string, want = {}) {
  const reply = await node.tokenbus.getToken(account, want)
  return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
}

/** A user's consent in a browser; returns the authorization URL, and the account to put. */
async function consent(config: AppConfig) {
  const { redirectUri } = server
  const asked = {
    config,
    redirectUri,
    state: oauth.generateRandomState(),
    codeVerifier: oauth.generateRandomCodeVerifier(),
  }
  const page = await provider.authorizationUrl(asked)
  if (!page.ok) throw new Error(page.failure.message)
  const answer = await provider.redeemCode({
    ...asked,
    clientSecret,
    callbackUrl: await server.visit(page.value),
  })
  if (answer.kind !== 'tokens') throw new Error(JSON.stringify(answer.refusal))
  return { page: new URL(page.value).searchParams, answer }
}

describe('a user account', () => {
  it.each([
    ['gmail', 'post', { access_type: 'offline', prompt: 'consent' }],
    ['outlook', 'post', { prompt: 'select_account' }],
    ['mailRu', 'basic', { prompt: 'consent' }],
    ['oidc', 'basic', { prompt: 'consent' }],
  ] as const)('of %s: consent, refresh, rotation, revocation', async (preset, clientId, asked) => {
    const config = await putApp(preset, {
      provider: preset,
      clientId,
      clientSecret,
      rotation: 'strict',
      ...(preset === 'oidc'
        ? { issuer: server.issuer }
        : {
            authorizeUrl: `${server.issuer}/auth`,
            tokenUrl: `${server.issuer}/token`,
            revocationUrl: `${server.issuer}/token/revocation`,
          }),
    })
    const { page, answer } = await consent(config)
    expect(Object.fromEntries(page)).toMatchObject(asked)
    const identity = preset === 'outlook' ? ['openid', 'email', 'profile'] : []
    expect(page.get('scope')?.split(' ')).toEqual([...config.scopes, ...identity])
    const { accessToken, refreshToken } = answer
    const put = await node.tokenbus.putAccount(preset, {
      ...{ app: preset, user: 'alice', accessToken, refreshToken },
      ...(answer.scopes && { scopes: answer.scopes }),
    })
    expect(put).toMatchObject({ ok: true, value: { provider: preset, state: 'valid', missingScopes: [] } })
    const first = await get(preset)
    expect(first.accessToken).toBe(accessToken.reveal())
    const second = await get(preset, { forceRefresh: true })
    const third = await get(preset, { forceRefresh: true })
    expect(new Set([first, second, third].map((each) => each.accessToken)).size).toBe(3)
    expect(third.generation).toBe(3)
    const { record } = await node.host.accounts.load(preset)
    const token = node.host.accounts.openCurrent(preset, record)?.refreshToken as Secret
    expect(token.reveal()).not.toBe(refreshToken?.reveal())
    expect(await provider.revokeToken({ config, clientSecret, token })).toEqual({ ok: true })
    expect(await get(preset, { forceRefresh: true })).toMatchObject({
      error: 'grant_revoked',
      reason: 'grant_revoked',
    })
  })
})

describe('a service account', () => {
  it('of outlookService is put without tokens, and requests a new one each time', async () => {
    await putApp('outlookService', {
      provider: 'outlookService',
      clientId: 'service',
      clientSecret,
      tenant: 'example.onmicrosoft.com',
      tokenUrl: `${server.issuer}/token`,
      clientAuth: 'client_secret_basic',
    })
    const put = await node.tokenbus.putAccount('robot', { app: 'outlookService', user: 'robot@example.com' })
    expect(put).toMatchObject({ ok: true, value: { state: 'expiring', expires: null } })
    const first = await get('robot')
    expect(first).toMatchObject({ registeredScopes: ['https://graph.microsoft.com/.default'] })
    const second = await get('robot', { forceRefresh: true })
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(await node.tokenbus.getAccount('robot')).toMatchObject({ value: { missingScopes: [] } })
  })

  it('of gmailService retries after a lost response, is parked by a refusal, and restored by a put', async () => {
    const answers = [
      () => ({ status: 502 }),
      () => ({ status: 200, body: '{"access_token":"at-1"}' }),
      () => ({ status: 400, headers: { date: new Date().toUTCString() }, body: '{"error":"invalid_grant"}' }),
      () => ({ status: 200, body: '{"access_token":"at-2","expires_in":3599}' }),
    ]
    await using google = await startRawServer((socket) =>
      socket.end(answerBytes((answers.shift() ?? (() => ({ status: 503 })))())),
    )
    await putApp('gmailService', {
      provider: 'gmailService',
      clientId: 'robot@project.iam.gserviceaccount.com',
      serviceKey: new Secret(keyFile()),
      tokenUrl: google.url,
    })
    const put = (user = 'alice@example.com') =>
      node.tokenbus.putAccount('delegated', { app: 'gmailService', user, policy: 'eager' })
    expect(await put()).toMatchObject({ ok: true })
    await eventually(async () => expect(await get('delegated')).toMatchObject({ accessToken: 'at-1' }))
    const { context } = (await node.host.accounts.load('delegated')).snapshot
    expect(context.expiresAt - context.issuedAt).toBe(3_600_000)
    expect(await put()).toMatchObject({ value: { state: 'valid', generation: 2 } })
    expect(await get('delegated', { forceRefresh: true })).toMatchObject({
      error: 'grant_revoked',
      reason: 'assertion_rejected',
      recoverable: true,
    })
    expect(await put()).toMatchObject({ ok: true })
    await eventually(async () => expect(await get('delegated')).toMatchObject({ accessToken: 'at-2' }))
    expect(
      await node.tokenbus.putAccount('delegated', {
        app: 'gmailService',
        user: 'bob',
        refreshToken: new Secret('r'),
      }),
    ).toMatchObject({
      failure: { error: 'invalid_config', message: expect.stringMatching(/^refreshToken: /) },
    })
  })

  it('has a key that is neither in replies nor in Redis as text', async () => {
    const key = keyFile()
    const view = await node.tokenbus.getApp('gmailService')
    expect(view).toMatchObject({ value: { secrets: [{ secret: '***' }] } })
    const { private_key: pem } = JSON.parse(key) as { private_key: string }
    const { record } = await node.host.apps.look('gmailService')
    expect(JSON.stringify([view, record.fields])).not.toContain(pem.slice(40, 80))
  })

  it('accepts another key only if it is valid', async () => {
    const add = (secret: string) => node.tokenbus.addSecret('gmailService', { secret: new Secret(secret) })
    expect(await add('no key')).toMatchObject({ failure: { error: 'invalid_config' } })
    expect(await add(keyFile({ email: 'another@example.com' }))).toMatchObject({
      failure: { error: 'invalid_config' },
    })
    expect(await add(keyFile())).toMatchObject({ ok: true })
    // Whatever else is changed, both stay.
    expect(await node.tokenbus.updateApp('gmailService', () => ok({ name: 'robots' }))).toMatchObject({
      value: { name: 'robots', secrets: [{ secret: '***' }, { secret: '***' }] },
    })
  })
})

describe('an app with a signing key', () => {
  it('uses the key if its secret is refused', async () => {
    await putApp('keyed', {
      provider: 'oidc',
      issuer: server.issuer,
      clientId: 'key',
      secrets: [
        { id: 'expired', secret: new Secret('expired') },
        { id: 'key', secret: new Secret(JSON.stringify({ ...jwkOf('ec'), kid: 'ec-1' })) },
      ],
    })
    const refusal = await refusalOf(
      provider.refreshToken({
        config: (await node.host.apps.look('keyed')).config as AppConfig,
        ...{ clientSecret: new Secret('expired'), refreshToken: new Secret('r'), user: 'alice', timing },
      }),
    )
    expect(refusal.providerError.error).toBe('invalid_client')
    await node.tokenbus.putAccount('keyed', { app: 'keyed', user: 'alice', refreshToken: new Secret('r') })
    // The key is accepted, the dummy grant is not.
    expect(await get('keyed')).toMatchObject({ error: 'grant_revoked' })
    expect(await node.tokenbus.getApp('keyed')).toMatchObject({
      value: {
        state: 'healthy',
        secrets: [
          { id: 'expired', rejected: true },
          { id: 'key', rejected: false },
        ],
      },
    })
  })
})
