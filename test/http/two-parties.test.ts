import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownSegments } from '../../src/http/public-url.ts'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'
import { registeredRoutes } from './registered-routes.ts'
import { type RoutePermissions, routePermissions } from './route-permissions.ts'

/** Files of the page, which are public. */
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
  expect(routes.sort()).toEqual(Object.keys(routePermissions).sort())
})

/** Reads the status only, because an event stream does not end. */
async function statusOf(route: string, headers: Record<string, string>): Promise<number> {
  const [method, pattern = ''] = route.split(' ')
  const { path = pattern, body } = routePermissions[route] as RoutePermissions
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

describe.each(Object.entries(routePermissions))('%s', (route, row) => {
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
