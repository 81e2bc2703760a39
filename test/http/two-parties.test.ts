import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownSegments } from '../../src/http/public-url.ts'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'
import { registeredRoutes } from './registered-routes.ts'

/** Of a route: what is sent, and what each party is answered. */
interface Row {
  /** Names an account, an app or an API token of somebody else's; without `body`, nothing is sent. */
  readonly path?: string
  readonly body?: object
  /** With an API token of every scope for the accounts and apps `team-a-*`; for all accounts and these apps. */
  readonly someAccounts: number
  readonly someApps: number
  /** With the cookie of an administrator, sent by a page on another port of the same host. */
  readonly elsewhere: number
  /** With an API token that is revoked by now. */
  readonly revoked: number
}

/** For anybody, whoever asks: none of these acts for who is signed in. */
const open = (status: number, row: Partial<Row> = {}): Row => ({
  someAccounts: status,
  someApps: status,
  elsewhere: status,
  revoked: status,
  ...row,
})
const read = { elsewhere: 200, revoked: 401 }
const change = { elsewhere: 403, revoked: 401 }
const account = '/v1/account/theirs'
const app = '/v1/oauth2/theirs'
const oauth2 = { provider: 'theirs', auth: { user: 'boss@example.com' } }

/** Each route that is registered has its row here: a new one fails the test until somebody has thought of all four. */
const table: Record<string, Row> = {
  'GET /livez': open(200),
  'GET /readyz': open(200),
  'GET /healthz/events': open(200),
  'GET /metrics': open(200),
  'GET /openapi.json': open(200),
  'GET /docs': open(200),
  'GET /': open(200),
  'GET /oauth': open(400),
  'GET /oauth/start': open(400),
  'GET /oauth/connected': open(200),
  'POST /v1/security-events/:app': open(400, { path: '/v1/security-events/theirs' }),
  'POST /session': open(401, { body: { apiToken: 'x' }, elsewhere: 403 }),
  'DELETE /session': open(200, { elsewhere: 403 }),
  'GET /session/token-api': { someAccounts: 403, someApps: 403, ...read },
  'PUT /session/token-api': {
    body: { enabled: true, apiToken: 'x' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/account/:account/oauth-token': {
    path: `${account}/oauth-token`,
    someAccounts: 403,
    someApps: 503,
    elsewhere: 503,
    revoked: 401,
  },
  'POST /v1/account/:account/oauth-token/exchange': {
    path: `${account}/oauth-token/exchange`,
    body: { subjectToken: 'the caller’s' },
    someAccounts: 403,
    someApps: 400,
    elsewhere: 403,
    revoked: 401,
  },
  'POST /v1/account/:account/oauth-token/reject': {
    path: `${account}/oauth-token/reject`,
    body: { generation: 0 },
    someAccounts: 403,
    someApps: 503,
    ...change,
  },
  'GET /v1/account/:account': { path: account, someAccounts: 403, someApps: 200, ...read },
  'GET /v1/account/:account/history': {
    path: `${account}/history`,
    someAccounts: 403,
    someApps: 200,
    ...read,
  },
  'GET /v1/accounts': { someAccounts: 200, someApps: 200, ...read },
  'POST /v1/account': {
    body: { account: 'team-a-new', oauth2 },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/account/:account': {
    path: account,
    body: { oauth2 },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/account/:account': { path: account, someAccounts: 403, someApps: 403, ...change },
  'POST /v1/account/:account/revoke': {
    path: `${account}/revoke`,
    body: {},
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/account/:account/reconnect': {
    path: `${account}/reconnect`,
    body: {},
    someAccounts: 403,
    someApps: 200,
    ...change,
  },
  'POST /v1/account/:account/device': {
    path: `${account}/device`,
    body: { app: 'theirs' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'POST /v1/authentication/form': {
    body: { account: 'theirs', redirectUrl: 'https://app.example.com/' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/oauth2': { someAccounts: 200, someApps: 200, ...read },
  'GET /v1/oauth2/:app': { path: app, someAccounts: 403, someApps: 403, ...read },
  'POST /v1/oauth2': {
    body: { id: 'new', provider: 'gmail', clientId: 'c', clientSecret: 's' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/oauth2/:app': { path: app, body: { name: 'x' }, someAccounts: 403, someApps: 403, ...change },
  'DELETE /v1/oauth2/:app': { path: app, someAccounts: 403, someApps: 403, ...change },
  'POST /v1/oauth2/:app/secrets': {
    path: `${app}/secrets`,
    body: { secret: 'next' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/oauth2/:app/secrets/:secret': {
    path: `${app}/secrets/x`,
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'POST /v1/oauth2/:app/verify': {
    path: `${app}/verify`,
    body: {},
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/providers': { someAccounts: 200, someApps: 200, ...read },
  'GET /v1/providers/:provider': {
    path: '/v1/providers/google',
    someAccounts: 200,
    someApps: 200,
    ...read,
  },

  'GET /v1/overview': { someAccounts: 403, someApps: 200, ...read },
  'GET /v1/stats': { someAccounts: 403, someApps: 200, ...read },
  'POST /v1/token': { body: { description: 'more' }, someAccounts: 403, someApps: 403, ...change },
  'GET /v1/tokens': { someAccounts: 403, someApps: 403, ...read },
  'DELETE /v1/token/:token': { path: '/v1/token/none', someAccounts: 403, someApps: 403, ...change },
  'GET /v1/api-tokens': { someAccounts: 403, someApps: 403, ...read },
  'POST /v1/api-tokens': {
    body: { name: 'more', scopes: ['admin'] },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/api-tokens/:id': {
    path: '/v1/api-tokens/none',
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  // What each sees of it: see events.test.ts.
  'GET /v1/events': { someAccounts: 200, someApps: 200, ...read },
}

/** Files of the page: the same for everybody. */
const isAsset = (route: string) => route.startsWith('GET /assets/')

let http: HttpCluster
const parties: Record<'someAccounts' | 'someApps' | 'revoked', string> = {
  someAccounts: '',
  someApps: '',
  revoked: '',
}

beforeAll(async () => {
  http = await startHttpCluster({
    TOKENBUS_ENABLE_TOKEN_API: 'true',
    TOKENBUS_REDIRECT_ORIGINS: 'https://app.example.com',
  })
  await http.request('app.put.theirs', {
    provider: 'oidc',
    grant: 'client_credentials',
    clientId: 'machine',
    clientSecret: 'secret',
    tokenUrl: 'http://127.0.0.1:9/token',
  })
  await http.request('account.put.theirs', { app: 'theirs', user: 'boss@example.com' })
  const make = (wish: object) => http.createApiToken({ scopes: ['admin'], ...wish })
  parties.someAccounts = (await make({ accounts: 'team-a-*', apps: 'team-a-*' })).token
  parties.someApps = (await make({ apps: 'team-a-*' })).token
  const { id, token } = await make({})
  parties.revoked = token
  expect((await http.ask('GET', '/v1/overview', { token })).status).toBe(200)
  await http.request(`api-token.revoke.${id}`, {})
  await eventually(async () => expect((await http.ask('GET', '/v1/overview', { token })).status).toBe(401))
})
afterAll(() => http[Symbol.asyncDispose]())

it('a public URL’s path must not begin with one of our routes', async () => {
  const { routes } = await registeredRoutes()
  const segments = routes.map((route) => route.split('/')[1] ?? '')
  expect(new Set(segments.filter((each) => each !== ''))).toEqual(ownSegments)
})

it('the table has exactly the registered routes', async () => {
  const { routes: all } = await registeredRoutes()
  const routes = all.filter((route) => !isAsset(route))
  expect(routes.length).toBeGreaterThan(30)
  expect(routes.sort()).toEqual(Object.keys(table).sort())
})

/** The status alone: an event stream has no end. */
async function statusOf(route: string, headers: Record<string, string>): Promise<number> {
  const [method, pattern = ''] = route.split(' ')
  const { path = pattern, body } = table[route] as Row
  const stop = new AbortController()
  const reply = await fetch(http.url + path, {
    method: method as string,
    redirect: 'manual',
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    signal: stop.signal,
    ...(body && { body: JSON.stringify(body) }),
  })
  stop.abort()
  return reply.status
}

describe.each(Object.entries(table))('%s', (route, row) => {
  it.each(['someAccounts', 'someApps', 'revoked'] as const)('with the API token of %s', async (party) => {
    expect(await statusOf(route, { authorization: `Bearer ${parties[party]}` })).toBe(row[party])
  })

  const otherPort = 'http://127.0.0.1:1'
  it.each<[string, Record<string, string>]>([
    ['reports another port', { 'sec-fetch-site': 'same-site', origin: otherPort }],
    ['sends only an Origin', { origin: otherPort }],
    ['sends the Origin null', { origin: 'null' }],
  ])('with the cookie of an administrator, by a browser that %s', async (_, headers) => {
    const cookie = `tokenbus-session=${http.adminToken}`
    expect(await statusOf(route, { cookie, ...headers })).toBe(row.elsewhere)
  })
})

it('none of these requests has changed anything', async () => {
  expect(await http.request('account.get.theirs')).toMatchObject({
    user: 'boss@example.com',
    state: 'expiring',
  })
  expect(await http.request('account.get.team-a-new')).toMatchObject({ error: 'account_not_found' })
  expect((await http.request('app.get.theirs')).secrets).toHaveLength(1)
  expect((await http.request('app.list')).apps).toHaveLength(1)
  expect((await http.request('api-token.list')).apiTokens).toHaveLength(3)
})

describe('the page itself', () => {
  const headers = () => ({ cookie: `tokenbus-session=${http.adminToken}` })
  const change = (more: Record<string, string>, token: string | null = null) =>
    http.ask('PUT', '/v1/oauth2/theirs', {
      token,
      headers: { ...headers(), ...more },
      body: { name: 'Ours' },
    })

  it.each<[string, () => Record<string, string>]>([
    ['with Sec-Fetch-Site', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['with Origin', () => ({ origin: http.url })],
  ])('may change apps %s', async (_, more) => {
    expect((await change(more())).status).toBe(200)
  })

  it('may not without either header', async () => {
    expect((await change({})).status).toBe(403)
  })

  it('needs neither header with an API token', async () => {
    expect((await change({ 'sec-fetch-site': 'cross-site' }, http.adminToken)).status).toBe(200)
  })
})
