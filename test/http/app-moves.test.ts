import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
let writer: string
beforeAll(async () => {
  http = await startHttpCluster()
  writer = (await http.createApiToken({ scopes: ['app:write'] })).token
  for (const [id, app] of Object.entries(apps))
    expect((await http.ask('POST', '/v1/oauth2', { body: { id, ...app } })).status).toBe(200)
})
afterAll(() => http[Symbol.asyncDispose]())

const apps = {
  entra: { provider: 'outlook', clientId: 'c', clientSecret: 's', authority: 'common' },
  own: {
    provider: 'oidc',
    clientId: 'c',
    clientSecret: 's',
    issuer: 'http://127.0.0.1:1',
    tokenUrl: 'http://127.0.0.1:1/token',
  },
  found: { provider: 'oidc', clientId: 'c', clientSecret: 's', issuer: 'http://127.0.0.1:1' },
  public: { provider: 'oidc', clientId: 'c', tokenUrl: 'http://127.0.0.1:1/token' },
}
const change = (app: string, body: object, token = writer) =>
  http.ask('PUT', `/v1/oauth2/${app}`, { body, token })

describe('an app whose endpoint moves', () => {
  it.each([
    ['entra', { authority: 'example.com' }, 'tenant'],
    ['entra', { cloud: 'china' }, 'cloud'],
    ['entra', { tokenUrl: 'http://127.0.0.1:2/token' }, 'tokenUrl'],
    ['own', { tokenUrl: 'http://127.0.0.1:2/token' }, 'tokenUrl'],
    ['own', { tokenUrl: 'http://127.0.0.1:1/other' }, 'tokenUrl'],
    ['own', { revocationUrl: 'http://127.0.0.1:2/revoke' }, 'revocationUrl'],
    ['own', { authorizeUrl: 'http://127.0.0.1:2/authorize' }, 'authorizeUrl'],
    ['own', { refreshUrl: 'http://127.0.0.1:2/refresh' }, 'refreshUrl'],
    ['own', { urlParams: { domain: { pattern: '^[a-z.]+$' } } }, 'urlParams'],
    ['found', { issuer: 'http://127.0.0.1:2' }, 'issuer'],
  ])(
    '%s changed by %j requires its secret in the same request, and the error names %s',
    async (app, body, field) => {
      const before = (await http.ask('GET', `/v1/oauth2/${app}`)).body
      const { status, body: told } = await change(app, body)
      expect(told.message).toMatch(new RegExp(`^${field}: .*needs the secret of the app in the same request`))
      expect({ status, error: told.error }).toEqual({ status: 422, error: 'invalid_config' })
      expect((await http.ask('GET', `/v1/oauth2/${app}`)).body).toEqual(before)
    },
  )

  it('is protected the same way over NATS, including puts without a secret', async () => {
    const { clientSecret: _, ...own } = apps.own
    expect(await http.request('app.put.own', { ...own, tokenUrl: 'http://127.0.0.1:2/token' })).toMatchObject(
      {
        error: 'invalid_config',
        message: expect.stringMatching(/^tokenUrl: /),
      },
    )
    expect((await http.ask('GET', '/v1/oauth2/own')).body.secrets).toHaveLength(1)
  })

  it('accepts equivalent spellings of the same endpoint without a secret', async () => {
    expect(await change('own', { name: 'Ours', tokenUrl: 'http://127.0.0.1:1/./token' })).toMatchObject({
      status: 200,
    })
    expect(await change('entra', { authority: 'common', cloud: 'global' })).toMatchObject({ status: 200 })
    expect(await change('public', { tokenUrl: 'http://127.0.0.1:1/elsewhere' })).toMatchObject({
      status: 200,
    })
  })

  it('accepts the change with its secret', async () => {
    expect(await change('entra', { authority: 'example.com', clientSecret: 's' })).toMatchObject({
      status: 200,
    })
    expect((await http.ask('GET', '/v1/oauth2/entra')).body).toMatchObject({ tenant: 'example.com' })
  })

  it('sends its grants to the new origin only after moveGrants by an admin', async () => {
    const move = { tokenUrl: 'http://127.0.0.1:3/token', clientSecret: 's', moveGrants: true }
    expect(await change('own', move)).toMatchObject({
      status: 403,
      body: { message: 'moveGrants: needs an API token with scope admin' },
    })
    const made = { id: 'made', ...apps.own, moveGrants: true }
    expect((await http.ask('POST', '/v1/oauth2', { body: made, token: writer })).status).toBe(403)
    expect(await change('own', move, http.adminToken)).toMatchObject({ status: 200 })
    expect((await http.ask('GET', '/v1/oauth2/own')).body).toMatchObject({
      grantsMayMoveTo: ['http://127.0.0.1:3'],
    })
    // The order stays while the endpoints do, and ends with them.
    await change('own', { name: 'Renamed' })
    expect((await http.ask('GET', '/v1/oauth2/own')).body).toHaveProperty('grantsMayMoveTo')
    await change('own', { tokenUrl: 'http://127.0.0.1:1/token', clientSecret: 's' })
    expect((await http.ask('GET', '/v1/oauth2/own')).body).not.toHaveProperty('grantsMayMoveTo')
  })

  it('rejects moveGrants if discovery fails', async () => {
    const move = { issuer: 'http://127.0.0.1:2', clientSecret: 's', moveGrants: true }
    expect(await change('found', move, http.adminToken)).toMatchObject({
      status: 422,
      body: { message: expect.stringMatching(/^moveGrants: /) },
    })
  })
})
