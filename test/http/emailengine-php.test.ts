import { afterAll, beforeAll, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
  await http.connectAccount('alice')
})
afterAll(() => http[Symbol.asyncDispose]())

/** A request as the HTTP client of postalsys/emailengine-php sends it: Guzzle, with `json` and `query` as its options. */
async function sdk(
  method: string,
  path: string,
  { json, query }: { json?: object; query?: Record<string, string | number> } = {},
) {
  const url = new URL(path, http.url)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value))
  const reply = await fetch(url, {
    method,
    headers: {
      'User-Agent': 'GuzzleHttp/7',
      Authorization: `Bearer ${http.adminToken}`,
      Accept: 'application/json',
      ...(json && { 'Content-Type': 'application/json' }),
    },
    ...(json && { body: JSON.stringify(json) }),
  })
  return { status: reply.status, body: JSON.parse(await reply.text()) }
}

const done = (body: object) => ({ status: 200, body })
const app = { name: 'My Gmail', provider: 'gmail', clientId: 'client', clientSecret: 'secret' }
const account = {
  account: 'php',
  name: 'Jane',
  email: 'jane@example.com',
  oauth2: {
    provider: 'sandbox',
    auth: { user: 'jane@example.com' },
    accessToken: 'access',
    refreshToken: 'refresh',
    expires: '2099-01-01T00:00:00.000Z',
  },
}

it('oauth2: creates, lists, reads, updates, disables and deletes an app', async () => {
  const json = {
    ...app,
    redirectUrl: 'https://me.example/oauth',
    enabled: true,
    title: 'x',
    description: 'y',
  }
  const made = await sdk('POST', '/v1/oauth2', { json })
  expect(made).toMatchObject(done({ id: expect.any(String), created: true }))
  const path = `/v1/oauth2/${made.body.id}`
  const seen = { id: made.body.id, name: 'My Gmail', provider: 'gmail', clientId: 'client', enabled: true }
  const listed = await sdk('GET', '/v1/oauth2')
  expect(listed).toMatchObject(done({ total: 2, page: 0, pages: 1 }))
  expect(listed.body.apps).toContainEqual(expect.objectContaining(seen))
  expect(await sdk('GET', path)).toMatchObject(done(seen))
  const updated = done({ id: made.body.id, updated: true })
  expect(await sdk('PUT', path, { json: { name: 'Ours' } })).toMatchObject(updated)
  expect(await sdk('PUT', path, { json: { enabled: false } })).toMatchObject(updated)
  expect(await sdk('GET', path)).toMatchObject(done({ name: 'Ours', enabled: false }))
  expect(await sdk('DELETE', path)).toMatchObject(done({ id: made.body.id, deleted: true }))
  expect(await sdk('GET', path)).toMatchObject({ status: 404, body: { code: 'AppNotFound' } })
})

it('accounts: creates, reads, lists, updates, reconnects and deletes one, and gets a token', async () => {
  expect(await sdk('POST', '/v1/account', { json: account })).toMatchObject(
    done({ account: 'php', state: 'new' }),
  )
  expect(await sdk('GET', '/v1/account/php')).toMatchObject(
    done({ account: 'php', user: 'jane@example.com', app: 'sandbox' }),
  )
  expect(await sdk('GET', '/v1/accounts')).toMatchObject(done({ total: 2, page: 0, pages: 1 }))
  const query = { page: 0, pageSize: 1, state: 'connected', query: 'jane' }
  const found = await sdk('GET', '/v1/accounts', { query })
  expect(found).toMatchObject(done({ total: 1, accounts: [{ account: 'php', state: 'connected' }] }))
  expect(await sdk('PUT', '/v1/account/php', { json: { name: 'June' } })).toMatchObject(
    done({ account: 'php' }),
  )
  expect(await sdk('GET', '/v1/account/php/oauth-token')).toMatchObject(
    done({ account: 'php', user: 'jane@example.com', accessToken: 'access', provider: 'oidc', cached: true }),
  )
  // An empty PHP array is encoded as such.
  expect(await sdk('PUT', '/v1/account/alice/reconnect', { json: [] })).toEqual(done({ reconnect: true }))
  expect(await sdk('DELETE', '/v1/account/php')).toMatchObject(done({ account: 'php', deleted: true }))
  expect(await sdk('GET', '/v1/account/php')).toMatchObject({
    status: 404,
    body: { code: 'AccountNotFound', error: 'account_not_found' },
  })
})

it('tokens: creates, lists, lists for one account and deletes an API token', async () => {
  const made = await sdk('POST', '/v1/token', {
    json: { account: 'alice', description: 'ours', scopes: ['api'], metadata: '{"a":1}', ip: '127.0.0.1' },
  })
  expect(made).toEqual(done({ token: expect.any(String) }))
  const ours = expect.objectContaining({ description: 'ours', account: 'alice' })
  expect((await sdk('GET', '/v1/tokens')).body.tokens).toContainEqual(ours)
  expect(await sdk('GET', '/v1/tokens/account/alice')).toEqual(done({ tokens: [ours] }))
  expect(await sdk('GET', '/v1/tokens/account/nobody')).toEqual(done({ tokens: [] }))
  expect(await sdk('DELETE', `/v1/token/${made.body.token}`)).toEqual(done({ deleted: true }))
})

it('tokens: a restriction that tokenbus does not know is refused, not ignored', async () => {
  const json = { description: 'ours', scopes: ['api'], restrictions: { addresses: ['127.0.0.0/8'] } }
  expect(await sdk('POST', '/v1/token', { json })).toMatchObject({
    status: 400,
    body: { fields: [{ key: 'restrictions', message: expect.stringContaining('not supported') }] },
  })
  expect((await sdk('POST', '/v1/token', { json: { ...json, restrictions: [] } })).status).toBe(200)
})

it('getAuthenticationUrl: gets the address of the consent', async () => {
  const json = {
    account: null,
    name: 'Jane',
    email: 'jane@example.com',
    redirectUrl: `${http.url}/done`,
    type: 'sandbox',
    delegated: true,
    path: ['*'],
  }
  expect(await sdk('POST', '/v1/authentication/form', { json })).toEqual(done({ url: expect.any(String) }))
})

it('stats: gets the accounts by state', async () => {
  expect(await sdk('GET', '/v1/stats')).toMatchObject(
    done({ version: expect.any(String), accounts: 1, connections: { connected: 1 }, counters: {} }),
  )
})

it.each([
  ['PUT', '/v1/account/alice/sync', undefined],
  ['PUT', '/v1/account/alice/flush', { flush: true }],
  ['GET', '/v1/account/alice/server-signatures', undefined],
  ['GET', '/v1/logs/alice', undefined],
  ['POST', '/v1/verifyAccount', {}],
  ['GET', '/v1/license', undefined],
])('%s %s is reported as not supported', async (method, path, json) => {
  expect(await sdk(method, path, json && { json })).toMatchObject({
    status: 404,
    body: { code: 'NotFound', message: expect.stringContaining('keeps OAuth2 tokens') },
  })
})
