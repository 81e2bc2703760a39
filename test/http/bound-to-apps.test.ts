import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
let teamA: string

const machineApp = {
  provider: 'oidc',
  grant: 'client_credentials',
  clientId: 'machine',
  clientSecret: 'secret',
  tokenUrl: 'http://127.0.0.1:9/token',
}

beforeAll(async () => {
  http = await startHttpCluster()
  await http.connectAccount('team-a-person')
  for (const app of ['machine', 'team-a-machine']) await http.request(`app.put.${app}`, machineApp)
  await http.request('account.put.team-a-robot', { app: 'machine', user: 'boss@example.com' })
  teamA = (await http.createApiToken({ scopes: ['account:write', 'app:write'], accounts: 'team-a-*' })).token
})
afterAll(() => http[Symbol.asyncDispose]())

const grant = (app: string, user = 'boss@example.com') => ({ oauth2: { provider: app, auth: { user } } })
const appOf = async (account: string) => (await http.request(`account.get.${account}`)).app

describe('an API token for some accounts, and an app with client credentials', () => {
  it('cannot register an account for another user’s mailbox', async () => {
    const body = { account: 'team-a-new', ...grant('machine') }
    expect(await http.ask('POST', '/v1/account', { token: teamA, body })).toMatchObject({
      status: 403,
      body: { error: 'forbidden', message: expect.stringMatching(/^app: /) },
    })
    expect(await http.request('account.get.team-a-new')).toMatchObject({ error: 'account_not_found' })
  })

  it('cannot move accounts between apps', async () => {
    const put = (account: string, app: string) =>
      http.ask('PUT', `/v1/account/${account}`, {
        token: teamA,
        body: { oauth2: { ...grant(app).oauth2, ...(app === 'sandbox' && { refreshToken: 'r' }) } },
      })
    expect((await put('team-a-person', 'machine')).status).toBe(403)
    expect((await put('team-a-robot', 'sandbox')).status).toBe(403)
    expect(await appOf('team-a-person')).toBe('sandbox')
    expect(await appOf('team-a-robot')).toBe('machine')
  })

  it('cannot rename, revoke, delete or reconnect accounts of the app', async () => {
    const path = '/v1/account/team-a-robot'
    const form = { account: 'team-a-robot', redirectUrl: `${http.url}/`, type: 'sandbox' }
    const calls: [string, string, object?][] = [
      ['PUT', path, { name: 'mine' }],
      ['PUT', path, { oauth2: { partial: true, auth: { user: 'other@example.com' } } }],
      ['POST', `${path}/revoke`, {}],
      ['DELETE', path],
      ['POST', '/v1/authentication/form', form],
      ['POST', '/v1/account', { account: 'team-a-robot', oauth2: { authorize: true, provider: 'sandbox' } }],
    ]
    for (const [method, url, body] of calls)
      expect((await http.ask(method, url, { token: teamA, body })).status).toBe(403)
    expect((await http.request('account.get.team-a-robot')).user).toBe('boss@example.com')
  })

  it('can register accounts if it names the app', async () => {
    const { token } = await http.createApiToken({
      scopes: ['account:write'],
      accounts: 'team-a-*',
      apps: 'team-a-*',
    })
    const register = (app: string) =>
      http.ask('POST', '/v1/account', { token, body: { account: 'team-a-own', ...grant(app) } })
    expect((await register('team-a-machine')).body).toMatchObject({ account: 'team-a-own', state: 'new' })
    expect((await register('machine')).status).toBe(403)
    expect(await appOf('team-a-own')).toBe('team-a-machine')
    expect((await http.ask('DELETE', '/v1/account/team-a-own', { token })).status).toBe(200)
  })

  it('cannot start a consent for the app', async () => {
    const body = { account: 'team-a-x', type: 'machine', redirectUrl: `${http.url}/` }
    expect((await http.ask('POST', '/v1/authentication/form', { body })).status).toBe(422)
  })
})

describe('apps', () => {
  const change = { name: 'Changed' }

  it('are changed by API tokens for all accounts and that app', async () => {
    const { token: some } = await http.createApiToken({ scopes: ['app:write'], apps: 'team-a-*' })
    const { token: both } = await http.createApiToken({
      scopes: ['app:write'],
      accounts: 'team-a-*',
      apps: 'team-a-*',
    })
    const put = async (token: string, app: string) =>
      (await http.ask('PUT', `/v1/oauth2/${app}`, { token, body: change })).status
    expect(await put(some, 'team-a-machine')).toBe(200)
    expect(await put(some, 'machine')).toBe(403)
    expect(await put(both, 'team-a-machine')).toBe(403)
    expect(await put(teamA, 'team-a-machine')).toBe(403)
  })

  it('are visible to API tokens for them', async () => {
    const { token } = await http.createApiToken({ scopes: ['events:read'], apps: 'team-a-*' })
    const { body } = await http.ask('GET', '/v1/oauth2', { token })
    expect(body).toMatchObject({ total: 1, apps: [{ id: 'team-a-machine' }] })
    expect((await http.ask('GET', '/v1/oauth2/team-a-machine', { token })).status).toBe(200)
    expect((await http.ask('GET', '/v1/oauth2/machine', { token })).status).toBe(403)
  })
})
