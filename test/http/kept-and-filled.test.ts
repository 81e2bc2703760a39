import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import { type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
let provider: PlainProvider
const caller = 'http://caller.example'
const brokenTenants = new Set<string>()

beforeAll(async () => {
  cluster = await startHttpCluster({ TOKENBUS_REDIRECT_ORIGINS: caller })
  provider = await startPlainProvider({
    callback: { realmId: '4620816365', place: 'acme', odd: 'a/../b' },
    answer: ({ path, form }, calls) => {
      const [, tenant = ''] = path.split('/')
      if (form.client_secret !== 'client-secret' || brokenTenants.has(tenant))
        return [401, { error: 'invalid_client' }]
      const n = calls.length
      const known =
        ['authorization_code', 'client_credentials'].includes(form.grant_type ?? '') ||
        form.refresh_token === `refresh-of-${tenant}`
      if (!known) return [400, { error: 'invalid_grant' }]
      return [
        200,
        {
          access_token: `access-${n}`,
          refresh_token: `refresh-of-${tenant}`,
          expires_in: 3_600,
          instance_url: `https://${tenant}.example.com/${form.grant_type}`,
          refresh_hint: `refresh-of-${tenant}`,
          team: { id: 'T42' },
        },
      ]
    },
  })
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

function putApp(app: string, settings: object = {}) {
  const { origin } = provider
  return cluster.request(`app.put.${app}`, {
    provider: 'oidc',
    authorizeUrl: `${origin}/{tenant}/authorize`,
    tokenUrl: `${origin}/{tenant}/token`,
    urlParams: { tenant: { pattern: '^[a-z]+$' } },
    clientId: 'client',
    clientSecret: 'client-secret',
    rotation: 'none',
    scopes: ['read'],
    ...settings,
  })
}

const { open } = createBrowser()

async function consent(wish: object): Promise<URL> {
  const body = { redirectUrl: `${caller}/connected`, ...wish }
  let next = (await cluster.ask('POST', '/v1/authentication/form', { body })).body.url as string
  while (!next.startsWith(caller)) {
    const { headers } = await open(next)
    next = headers.get('location') ?? (headers.get('refresh')?.split('url=')[1] as string)
  }
  return new URL(next)
}

describe('fields that an app keeps', () => {
  const keep = ['instance_url', 'team.id', 'realmId', 'refresh_hint']
  const first = {
    instance_url: 'https://acme.example.com/authorization_code',
    'team.id': 'T42',
    realmId: '4620816365',
  }

  it('are returned with the token, the account and the consent’s redirect, except tokens', async () => {
    await putApp('keeper', { keep })
    const back = await consent({ account: 'alice', type: 'keeper', params: { tenant: 'acme' } })
    expect(JSON.parse(back.searchParams.get('extra') as string)).toEqual(first)
    expect(await cluster.request('token.get.alice')).toMatchObject({ extra: first })
    expect((await cluster.ask('GET', '/v1/account/alice')).body).toMatchObject({ extra: first })
  })
  it('are updated by later responses, and kept if a response does not have them', async () => {
    const { extra } = (await cluster.request('token.get.alice', { forceRefresh: true })) as { extra: object }
    expect(extra).toEqual({ ...first, instance_url: 'https://acme.example.com/refresh_token' })
  })
  it('may be put under the app’s names, and are merged with known ones', async () => {
    const put = { app: 'keeper', user: 'bob', refreshToken: 'refresh-of-acme', params: { tenant: 'acme' } }
    const strange = await cluster.request('account.put.bob', { ...put, extra: { other: 'x' } })
    expect(strange).toMatchObject({
      error: 'invalid_config',
      message: expect.stringContaining('extra: other'),
    })
    const extra = { realmId: '1' }
    expect(await cluster.request('account.put.bob', { ...put, extra })).toMatchObject({ extra })
    expect(await cluster.request('token.get.bob', { forceRefresh: true })).toMatchObject({
      extra: { realmId: '1', 'team.id': 'T42' },
    })
  })
  it.each([
    [['access_token']],
    [['deep.id_token']],
    [['client_secret']],
    [['code']],
    [Array.from({ length: 17 }, (_, i) => `field${i}`)],
    [['x'.repeat(65)]],
  ])('cannot be named %s', async (names) => {
    expect(await putApp('bad', { keep: names })).toMatchObject({
      error: expect.stringMatching(/invalid_config|bad_request/),
    })
  })
})

describe('an account that fills in its app’s URLs', () => {
  it('uses its own endpoints, from the consent on', async () => {
    await putApp('filled')
    await consent({ account: 'carol', type: 'filled', params: { tenant: 'blue' } })
    expect(await cluster.request('account.get.carol')).toMatchObject({
      state: 'valid',
      params: { tenant: 'blue' },
    })
    await cluster.request('token.get.carol', { forceRefresh: true })
    expect(provider.calls.slice(-2).map(({ path }) => path)).toEqual(['/blue/token', '/blue/token'])
    // A reconnect uses the stored parameters.
    await consent({ account: 'carol', type: 'filled' })
    expect(provider.calls.at(-1)?.path).toBe('/blue/token')
  })
  it.each([
    [{}, 'params.tenant: required'],
    [{ tenant: 'ACME' }, 'params.tenant: does not match the pattern of the app'],
    [{ tenant: 'a/../../evil' }, 'params.tenant: must have'],
    [{ tenant: 'a@evil.example' }, 'params.tenant: must have'],
    [{ tenant: 'acme', other: 'x' }, "params: other is not one of the app's urlParams"],
  ])('is rejected with %j: %s', async (params, message) => {
    const put = { app: 'filled', user: 'dave', refreshToken: 'refresh-of-acme', params }
    const told = { error: 'invalid_config', message: expect.stringContaining(message) }
    expect(await cluster.request('account.put.dave', put)).toMatchObject(told)
  })
  it('may read parameters from the callback, and sends them with every request', async () => {
    const { origin } = provider
    const refreshParams = { place: '{tenant}' }
    const urlParams = { tenant: { pattern: '^[a-z]+$', from: 'place' } }
    await putApp('learning', { authorizeUrl: `${origin}/authorize`, urlParams, refreshParams })
    await consent({ account: 'ivan', type: 'learning' })
    expect(await cluster.request('account.get.ivan')).toMatchObject({ params: { tenant: 'acme' } })
    await cluster.request('token.get.ivan', { forceRefresh: true })
    expect(provider.calls.slice(-2).map(({ path }) => path)).toEqual(['/acme/token', '/acme/token'])
    expect(provider.calls.at(-1)?.form.place).toBe('acme')
  })
  it.each(['odd', 'missing'])(
    'is not connected by a callback without a valid parameter: %s',
    async (from) => {
      const urlParams = { tenant: { pattern: '^[a-z]+$', from } }
      await putApp('strict', { authorizeUrl: `${provider.origin}/authorize`, urlParams })
      const back = await consent({ account: 'judy', type: 'strict' })
      expect(back.searchParams.get('error')).toBe('callback_rejected')
    },
  )
  it('may use client credentials after an admin consent', async () => {
    await putApp('agreed', {
      grant: 'client_credentials',
      rotation: undefined,
      authorizeUrl: `${provider.origin}/adminconsent`,
      urlParams: { tenant: { pattern: '^[a-z]+$', from: 'place' } },
    })
    const back = await consent({ account: 'kim', type: 'agreed', email: 'kim@example.com' })
    expect(Object.fromEntries(back.searchParams)).toEqual({ account: 'kim', state: 'new' })
    expect(await cluster.request('account.get.kim')).toMatchObject({
      user: 'kim@example.com',
      params: { tenant: 'acme' },
    })
    expect(await cluster.request('token.get.kim')).toMatchObject({ accessToken: expect.any(String) })
    expect(provider.calls.at(-1)).toMatchObject({
      path: '/acme/token',
      form: { grant_type: 'client_credentials' },
    })
  })
  it('cannot move its grant to another origin', async () => {
    const { origin } = provider
    const hosts = { tokenUrl: 'http://{host}/acme/token', authorizeUrl: `${origin}/acme/authorize` }
    await putApp('hosts', { ...hosts, urlParams: { host: { pattern: '^[a-z0-9.:]+$' } } })
    const put = { app: 'hosts', user: 'erin', refreshToken: 'refresh-of-acme' }
    await cluster.request('account.put.erin', { ...put, params: { host: new URL(origin).host } })
    expect(await cluster.request('token.get.erin')).toMatchObject({ accessToken: expect.any(String) })
    const { refreshToken: _, ...moved } = { ...put, params: { host: '127.0.0.1:9' } }
    await cluster.request('account.put.erin', moved)
    const refused = { error: 'grant_revoked', reason: 'app_changed', recoverable: true }
    expect(await cluster.request('token.get.erin', { forceRefresh: true })).toMatchObject(refused)
    await cluster.request('account.put.erin', { ...moved, params: { host: new URL(origin).host } })
    expect(await cluster.request('token.get.erin', { forceRefresh: true })).toMatchObject({
      accessToken: expect.any(String),
    })
  })
  it('does not affect others if its endpoint rejects the client', async () => {
    for (const [account, tenant] of [
      ['frank', 'red'],
      ['grace', 'green'],
    ] as const) {
      const put = { app: 'filled', user: account, refreshToken: `refresh-of-${tenant}`, params: { tenant } }
      await cluster.request(`account.put.${account}`, put)
      await cluster.request(`token.get.${account}`, { forceRefresh: true })
    }
    brokenTenants.add('red')
    await cluster.request('token.get.frank', { forceRefresh: true })
    expect(await cluster.request('account.get.frank')).toMatchObject({ state: 'secret-expired' })
    expect(await cluster.request('app.get.filled')).toMatchObject({ state: 'healthy' })
    const { generation } = (await cluster.request('token.get.grace')) as { generation: number }
    const newer = await cluster.request('token.get.grace', { forceRefresh: true })
    expect((newer as { generation: number }).generation).toBeGreaterThan(generation)
    brokenTenants.delete('red')
    await cluster.request('app.secret.add.filled', { secret: 'another-secret' })
    expect(await cluster.request('token.get.frank')).toMatchObject({ accessToken: expect.any(String) })
  })
  it('gives the parameters with which its app is verified', async () => {
    const blind = await cluster.request('app.verify.filled')
    expect(blind).toMatchObject({
      steps: expect.arrayContaining([expect.objectContaining({ step: 'token_endpoint', ok: null })]),
    })
    const before = provider.calls.length
    const seen = await cluster.request('app.verify.filled', { params: { tenant: 'blue' } })
    expect(seen).toMatchObject({
      steps: expect.arrayContaining([expect.objectContaining({ step: 'token_endpoint', ok: true })]),
    })
    expect(provider.calls.slice(before).map(({ path }) => path)).toContain('/blue/token')
  })
  it('has a pattern with bounded matching time', async () => {
    const urlParams = { tenant: { pattern: '^(a+)+$' } }
    expect(await putApp('slow', { urlParams })).toMatchObject({
      error: 'invalid_config',
      message: expect.stringContaining('urlParams: tenant.pattern'),
    })
  })
})
