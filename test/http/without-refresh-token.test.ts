import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTokens } from '../../src/client/index.ts'
import { createBrowser } from '../support/browser.ts'
import { type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
let provider: PlainProvider
const caller = 'http://caller.example'

beforeAll(async () => {
  cluster = await startHttpCluster({ TOKENBUS_REDIRECT_ORIGINS: caller, TOKENBUS_ENABLE_TOKEN_API: 'true' })
  provider = await startPlainProvider({
    answer: ({ form }, calls) => {
      if (form.client_secret !== 'client-secret') return [401, { error: 'invalid_client' }]
      if (form.grant_type === 'authorization_code') return [200, { access_token: `long-${calls.length}` }]
      if (form.grant_type === 'fb_exchange_token' && form.fb_exchange_token === 'short')
        return [200, { access_token: 'long', expires_in: 5_184_000 }]
      return [400, { error: 'invalid_grant' }]
    },
  })
  await putApp('tool', { refreshToken: 'none' })
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

function putApp(app: string, settings: object) {
  const { origin } = provider
  return cluster.request(`app.put.${app}`, {
    provider: 'oidc',
    authorizeUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    clientId: 'client',
    clientSecret: 'client-secret',
    scopes: ['read'],
    ...settings,
  })
}

const { open } = createBrowser()

async function consent(account: string, type: string): Promise<URL> {
  const redirectUrl = `${caller}/connected`
  const { body } = await cluster.ask('POST', '/v1/authentication/form', {
    body: { account, type, redirectUrl },
  })
  let next = body.url as string
  while (!next.startsWith(caller)) {
    const { headers } = await open(next)
    next = headers.get('location') ?? (headers.get('refresh')?.split('url=')[1] as string)
  }
  return new URL(next)
}

describe('an account without a refresh token and expiry', () => {
  it('is connected by consent, and has expires: null everywhere', async () => {
    expect((await consent('alice', 'tool')).searchParams.get('error')).toBeNull()
    const never = { expires: null, generation: 1 }
    expect(await cluster.request('token.get.alice')).toMatchObject({ accessToken: 'long-1', ...never })
    // From memory, and with a wish that no ordinary token could meet.
    const wish = { minValidity: 1e12 }
    const wished = await cluster.request('token.get.alice', wish)
    expect(wished).toMatchObject(never)
    expect(wished).not.toHaveProperty('minValidityMet')
    expect(await cluster.request('account.get.alice')).toMatchObject({
      ...never,
      state: 'valid',
      nextAttemptAt: null,
    })
    expect((await cluster.ask('GET', '/v1/account/alice')).body).toMatchObject(never)
    expect((await cluster.ask('GET', '/v1/account/alice/oauth-token')).body).toMatchObject(never)
    await using tokens = await connectTokens({ servers: cluster.natsServer.url })
    expect(await tokens.get('alice')).toMatchObject(never)
    expect(await tokens.get('alice', { minValidity: 1e9 })).toMatchObject(never)
  })

  it('may be put with only its access token, and is unchanged by the same put', async () => {
    const put = { app: 'tool', user: 'bob@example.com', accessToken: 'of-bob' }
    expect(await cluster.request('account.put.bob', put)).toMatchObject({ expires: null, created: true })
    const again = { ...put, expires: null }
    expect(await cluster.request('account.put.bob', again)).toMatchObject({ unchanged: true, generation: 1 })
    const newer = { ...put, accessToken: 'newer' }
    expect(await cluster.request('account.put.bob', newer)).toMatchObject({ generation: 2, expires: null })
    expect(await cluster.request('account.put.bob', put)).toMatchObject({ unchanged: true, generation: 2 })
    expect(await cluster.request('token.get.bob')).toMatchObject({ accessToken: 'newer' })
  })

  it('withholds its token for 30 s once it was rejected', async () => {
    await cluster.request('account.put.carol', { app: 'tool', user: 'carol', accessToken: 'of-carol' })
    await cluster.request('token.get.carol')
    const held = { error: 'provider_unavailable', reason: 'token_rejected', retryAfter: expect.any(Number) }
    const rejected = await cluster.request('token.reject.carol', { generation: 1 })
    expect(rejected).toMatchObject(held)
    expect(await cluster.request('token.get.carol')).toMatchObject(held)
    const { retryAfter } = (await cluster.request('token.get.carol')) as { retryAfter: number }
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(30)
    expect((await cluster.ask('GET', '/v1/account/carol/oauth-token')).status).toBe(503)
  })
})

it('an app that requires refresh tokens accepts no account without expiry', async () => {
  await putApp('strict', {})
  const put = { app: 'strict', user: 'dave', accessToken: 'a', expires: null }
  expect(await cluster.request('account.put.dave', put)).toMatchObject({ error: 'invalid_config' })
  expect((await consent('dave', 'strict')).searchParams.get('error')).toBe('no_refresh_token')
})

describe('an access token that is exchanged for a newer one', () => {
  const meta = {
    refreshToken: 'none',
    refreshWith: 'access_token',
    refreshParams: { grant_type: 'fb_exchange_token' },
    parameterNames: { refresh_token: 'fb_exchange_token' },
  }
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

  it('is sent under the provider’s parameter name', async () => {
    await putApp('meta', meta)
    const put = { app: 'meta', user: 'erin', accessToken: 'short', expires: inAnHour() }
    expect(await cluster.request('account.put.erin', put)).toMatchObject({ state: 'valid' })
    const token = await cluster.request('token.get.erin', { forceRefresh: true })
    expect(token).toMatchObject({ accessToken: 'long', generation: 2 })
    const lives = Date.parse((token as { expires: string }).expires) - Date.now()
    expect(lives).toBeGreaterThan(59 * 86_400_000)
  })
  it('is not sent after its expiry, and needs a new consent', async () => {
    const calls = provider.calls.length
    const expires = new Date(Date.now() - 1_000).toISOString()
    await cluster.request('account.put.frank', { app: 'meta', user: 'frank', accessToken: 'short', expires })
    const refused = { error: 'grant_revoked', reason: 'no_refresh_token', recoverable: false }
    expect(await cluster.request('token.get.frank')).toMatchObject(refused)
    expect(provider.calls.length).toBe(calls)
  })
})
