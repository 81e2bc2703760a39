import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn } from '../../src/sandbox/sign-in.ts'
import { createBrowser } from '../support/browser.ts'
import { startPlaceProvider } from '../support/place-provider.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
const caller = 'http://caller.example'
const redirectUrl = `${caller}/connected?from=mail`

beforeAll(async () => {
  cluster = await startHttpCluster({ TOKENBUS_REDIRECT_ORIGINS: caller })
  await putApp('sandbox', ['openid', 'email', 'offline_access'])
  await putApp('greedy', ['openid', 'offline_access', 'files.write'])
  await putApp('online', ['openid', 'email'])
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function putApp(app: string, scopes: string[]): Promise<void> {
  const { url: issuer, client } = cluster.sandbox
  const put = { provider: 'oidc', issuer, clientId: client.id, clientSecret: client.secret.reveal(), scopes }
  expect(await cluster.request(`app.put.${app}`, put)).toMatchObject({ app })
}

async function formFor(wish: object): Promise<URL> {
  const { status, body } = await cluster.ask('POST', '/v1/authentication/form', {
    body: { redirectUrl, ...wish },
  })
  expect(status).toBe(200)
  return new URL(body.url)
}

const { open } = createBrowser()

/** Says yes at the provider; answers the address the browser is sent back to. */
async function consentTo(form: URL): Promise<URL> {
  const { location } = await open(form)
  return signIn({ authorizationUrl: location as string })
}

const exists = async (account: string) => (await cluster.ask('GET', `/v1/account/${account}`)).status === 200

describe('hosted consent', () => {
  it('accepts its state under the provider’s parameter name', async () => {
    const { url: issuer, client } = cluster.sandbox
    const put = { provider: 'oidc', issuer, clientId: client.id, clientSecret: client.secret.reveal() }
    const own = { parameterNames: { state: 'customField', code: 'auth_code' }, redirectUri: 'Name-1' }
    await cluster.request('app.put.own-names', { ...put, ...own })
    const { location } = await open(await formFor({ account: 'olga', type: 'own-names' }))
    const asked = new URL(location as string).searchParams
    expect(asked.get('redirect_uri')).toBe('Name-1')
    const ticket = asked.get('customField') as string
    expect(ticket).toMatch(/^[\w-]{43}$/)
    const back = await open(`${cluster.url}/oauth?auth_code=made-up&customField=${ticket}&iss=${issuer}`)
    // The consent is identified, but the code is invalid.
    expect(back.headers.get('refresh')).toMatch(/error=misconfigured&.*account=olga$/)
  })

  it('redirects to the provider with PKCE, state and nonce, and connects the account', async () => {
    const form = await formFor({ account: 'alice', email: 'alice@example.com', type: 'sandbox' })
    const { location } = await open(form)
    const asked = new URL(location as string).searchParams
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/)
    expect(asked.get('nonce')).toMatch(/^[\w-]{43}$/)
    expect(asked.get('login_hint')).toBe('alice@example.com')

    const back = await open(await signIn({ authorizationUrl: location as string }))
    expect(back.status).toBe(302)
    expect(back.location).toBe(`${caller}/connected?from=mail&account=alice&state=new`)
    const { body } = await cluster.ask('GET', '/v1/account/alice')
    expect(body).toMatchObject({
      state: 'valid',
      app: 'sandbox',
      user: expect.stringContaining('@example.com'),
    })
  })

  it('restores a revoked account at once', async () => {
    await cluster.connectAccount('bob')
    await cluster.ask('PUT', '/v1/account/bob', { body: { metadata: { team: 'blue' } } })
    cluster.sandbox.control.revoke('bob')
    expect(await cluster.request('token.get.bob', { forceRefresh: true })).toMatchObject({
      error: 'grant_revoked',
    })
    const back = await open(await consentTo(await formFor({ account: 'bob', type: 'sandbox', name: 'Bob' })))
    expect(back.location).toMatch(/account=bob&state=existing$/)
    expect(await cluster.request('account.get.bob')).toMatchObject({
      state: 'valid',
      metadata: { team: 'blue', name: 'Bob' },
    })
  })

  it('creates an id if the caller gave none', async () => {
    const back = await open(await consentTo(await formFor({ account: null, type: 'sandbox' })))
    const account = new URL(back.location as string).searchParams.get('account') as string
    expect(await exists(account)).toBe(true)
  })

  it('lets the user choose among several apps', async () => {
    const { status, html } = await open(await formFor({ account: 'chooser' }))
    expect(status).toBe(200)
    const [, href = ''] = /href="([^"]*app=sandbox)"/.exec(html) ?? []
    const back = await open(await consentTo(new URL(href.replaceAll('&amp;', '&'), cluster.url)))
    expect(back.location).toMatch(/account=chooser/)
  })
})

describe('a clear page is shown, and nothing stored,', () => {
  const untouched = async (account: string) => expect(await exists(account)).toBe(false)

  it('for an app whose endpoint has moved since: the code is not sent', async () => {
    await using elsewhere = await startPlaceProvider()
    await putApp('mover', ['openid', 'offline_access'])
    const callback = await consentTo(await formFor({ account: 'moved', type: 'mover' }))
    const { url: issuer, client } = cluster.sandbox
    const moved = { provider: 'oidc', issuer, clientId: client.id, tokenUrl: `${elsewhere.origin}/token` }
    expect(await cluster.request('app.put.mover', { ...moved, clientSecret: 'made up' })).toMatchObject({
      app: 'mover',
    })
    expect(await open(callback)).toMatchObject({ status: 400, location: null })
    expect(elsewhere.calls).toEqual([])
    await untouched('moved')
  })

  it('for a state under another parameter name than the app’s', async () => {
    const state = new URL(
      (await open(await formFor({ account: 'eve', type: 'sandbox' }))).location as string,
    ).searchParams.get('state') as string
    const { status } = await open(`${cluster.url}/oauth?code=c&customField=${state}`)
    expect(status).toBe(400)
  })

  it.each(['', 'x', 'A'.repeat(43)])('for a foreign state (%j)', async (state) => {
    const { status, html } = await open(`${cluster.url}/oauth?code=c&state=${state}`)
    expect(status).toBe(400)
    expect(html).toContain('not valid any more')
  })

  it('for a denied consent, with a link back that has the error', async () => {
    const { location } = await open(await formFor({ account: 'denier', type: 'sandbox' }))
    const state = new URL(location as string).searchParams.get('state')
    const { status, html, headers } = await open(`${cluster.url}/oauth?error=access_denied&state=${state}`)
    expect(status).toBe(400)
    expect(html).toContain('Access was not granted')
    expect(headers.get('refresh')).toMatch(/connected\?from=mail&error=access_denied&.*account=denier$/)
    await untouched('denier')
  })

  it('for permissions that were not granted, by name', async () => {
    const { status, html } = await open(await consentTo(await formFor({ account: 'stingy', type: 'greedy' })))
    expect(status).toBe(400)
    expect(html).toContain('files.write')
    await untouched('stingy')
  })

  it('for a response without a refresh token', async () => {
    const { status, html } = await open(await consentTo(await formFor({ account: 'guest', type: 'online' })))
    expect(status).toBe(400)
    expect(html).toContain('No lasting access')
    await untouched('guest')
  })

  it('that runs no script of others', async () => {
    const { headers } = await open(`${cluster.url}/oauth?state=x`)
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  })
})

describe('the form', () => {
  it.each([
    ['https://evil.example/x', 'redirectUrl'],
    ['javascript:alert(1)', 'redirectUrl'],
    [`${caller}@evil.example/`, 'redirectUrl'],
    ['/relative', 'redirectUrl'],
  ])('redirects to no %s', async (url, key) => {
    const { status, body } = await cluster.ask('POST', '/v1/authentication/form', {
      body: { account: 'alice', redirectUrl: url, type: 'sandbox' },
    })
    expect(status).toBe(400)
    expect(body.fields[0].key).toBe(key)
  })

  it('requires an API token that may write the account', async () => {
    const { token } = await cluster.createApiToken({ scopes: ['account:write'], accounts: 'team-a-*' })
    const ask = (account: string) =>
      cluster.ask('POST', '/v1/authentication/form', {
        token,
        body: { account, redirectUrl, type: 'sandbox' },
      })
    expect((await ask('team-a-1')).status).toBe(200)
    expect((await ask('alice')).status).toBe(403)
    expect((await cluster.ask('POST', '/v1/authentication/form', { token: null, body: {} })).status).toBe(401)
  })

  it('rejects an unknown app', async () => {
    const body = { account: 'alice', redirectUrl, type: 'nowhere' }
    expect((await cluster.ask('POST', '/v1/authentication/form', { body })).status).toBe(404)
  })
})
