import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster()
})
afterAll(() => http[Symbol.asyncDispose]())

const google = {
  name: 'Gmail accounts',
  provider: 'gmail',
  clientId: 'client.apps.googleusercontent.com',
  clientSecret: 'a-secret',
  redirectUrl: 'https://old.example.com/oauth',
  enabled: true,
}

const create = (body: object) => http.ask('POST', '/v1/oauth2', { body })

describe('an app', () => {
  it('is created by EmailEngine’s request, and is the same over NATS', async () => {
    const { status, body } = await create({ ...google, extraScopes: ['openid'] })
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: expect.stringMatching(/^[\w-]{12}$/), created: true })
    const seen = await http.ask('GET', `/v1/oauth2/${body.id}`)
    expect(seen.body).toMatchObject({
      id: body.id,
      name: 'Gmail accounts',
      provider: 'gmail',
      scopes: ['https://mail.google.com/', 'openid'],
      secrets: [{ secret: '***' }],
    })
    expect(JSON.stringify(seen.body)).not.toContain('a-secret')
    expect({ id: body.id, ...(await http.request(`app.get.${body.id}`)) }).toEqual(seen.body)
  })

  it('of Microsoft has an authority and a cloud, and of Google can skip scopes', async () => {
    const outlook = { provider: 'outlook', clientId: 'c', clientSecret: 's' }
    await create({ ...outlook, id: 'entra', authority: 'organizations', cloud: 'china' })
    expect((await http.ask('GET', '/v1/oauth2/entra')).body).toMatchObject({
      tenant: 'organizations',
      cloud: 'china',
      tokenUrl: 'https://login.chinacloudapi.cn/organizations/oauth2/v2.0/token',
    })
    await create({
      ...google,
      id: 'narrow',
      extraScopes: ['openid'],
      skipScopes: ['https://mail.google.com/'],
    })
    expect((await http.ask('GET', '/v1/oauth2/narrow')).body.scopes).toEqual(['openid'])
  })

  it('keeps settings and secrets that an update does not name', async () => {
    await create({
      provider: 'outlook',
      id: 'changing',
      clientId: 'c',
      clientSecret: 's',
      authority: 'common',
    })
    const before = (await http.ask('GET', '/v1/oauth2/changing')).body
    expect(
      await http.ask('PUT', '/v1/oauth2/changing', {
        body: { authority: 'example.com', name: 'Ours', clientSecret: 's' },
      }),
    ).toMatchObject({ status: 200, body: { id: 'changing', updated: true } })
    const after = (await http.ask('GET', '/v1/oauth2/changing')).body
    expect(after).toMatchObject({
      ...before,
      version: expect.any(Number),
      revision: expect.any(String),
      since: expect.any(String),
      name: 'Ours',
      tenant: 'example.com',
      authorizeUrl: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/authorize',
      tokenUrl: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/token',
    })
    await http.ask('PUT', '/v1/oauth2/changing', { body: { clientSecret: 'another' } })
    const { secrets } = (await http.ask('GET', '/v1/oauth2/changing')).body
    expect(secrets).toHaveLength(1)
    expect(secrets[0].id).not.toBe(before.secrets[0].id)
    expect((await http.ask('PUT', '/v1/oauth2/nobody', { body: { name: 'x' } })).status).toBe(404)
  })

  it('has the additional scopes of the last update besides its own', async () => {
    const mail = 'https://mail.google.com/'
    const change = async (body: object) => {
      expect((await http.ask('PUT', '/v1/oauth2/scoped', { body })).status).toBe(200)
      return (await http.ask('GET', '/v1/oauth2/scoped')).body.scopes
    }
    await create({ ...google, id: 'scoped', extraScopes: ['one', 'two'] })
    expect(await change({ extraScopes: ['three', mail] })).toEqual([mail, 'three'])
    expect(await change({ name: 'Renamed' })).toEqual([mail, 'three'])
    expect(await change({ additionalScopes: ['four'] })).toEqual([mail, 'four'])
    expect(await change({ extraScopes: [] })).toEqual([mail])
    expect(await change({ scopes: ['five'], extraScopes: ['six'] })).toEqual(['five', 'six'])
    expect(await change({ extraScopes: ['seven'] })).toEqual(['five', 'seven'])
    expect(await change({ scopes: ['eight'] })).toEqual(['eight'])
    expect((await http.ask('PUT', '/v1/oauth2/scoped', { body: { extraScopes: 'nine' } })).status).toBe(400)
  })

  it('returns to the catalogue’s value for settings set to null', async () => {
    const made = { provider: 'google', id: 'reset', clientId: 'c', clientSecret: 's' }
    await create({ ...made, testing: true, scopes: ['openid'], rotation: 'strict', name: 'Ours' })
    const { status } = await http.ask('PUT', '/v1/oauth2/reset', {
      body: { testing: null, scopes: null, rotation: null, name: null },
    })
    expect(status).toBe(200)
    const { body } = await http.ask('GET', '/v1/oauth2/reset')
    expect(body).toMatchObject({ scopes: ['openid', 'email'], rotation: 'none' })
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['name']))
    expect(body.testing).toBeUndefined()
    const refused = await http.ask('PUT', '/v1/oauth2/reset', { body: { clientId: null } })
    expect(refused.status).toBe(400)
  })

  it('cannot return to another origin without its secret', async () => {
    const made = { provider: 'google', id: 'moved', clientId: 'c', clientSecret: 's' }
    await create({ ...made, tokenUrl: 'http://127.0.0.1:9/token' })
    const { status, body } = await http.ask('PUT', '/v1/oauth2/moved', { body: { tokenUrl: null } })
    expect([status, body.error]).toEqual([422, 'invalid_config'])
  })

  it('accepts ten secrets, and an eleventh only in place of another', async () => {
    await create({ ...google, id: 'full' })
    const add = (id: string) =>
      http.ask('POST', '/v1/oauth2/full/secrets', { body: { id, secret: `secret ${id}` } })
    for (let count = 2; count <= 10; count++) expect((await add(`s${count}`)).status).toBe(200)
    expect(await add('s11')).toMatchObject({
      status: 400,
      body: { message: 'secret: an app may have 10 at most; remove one first' },
    })
    expect((await add('s10')).body.secrets).toHaveLength(10)
  })

  it('accepts and removes secrets, except the last one', async () => {
    await create({ ...google, id: 'rotating' })
    const path = '/v1/oauth2/rotating/secrets'
    const added = await http.ask('POST', path, { body: { id: 'next', secret: 'b-secret' } })
    expect(added.body.secrets.map(({ secret }: { secret: string }) => secret)).toEqual(['***', '***'])
    const [first] = added.body.secrets
    expect((await http.ask('DELETE', `${path}/${first.id}`)).body.secrets).toMatchObject([{ id: 'next' }])
    expect(await http.ask('DELETE', `${path}/next`)).toMatchObject({
      status: 409,
      body: { code: 'Conflict' },
    })
    expect((await http.ask('DELETE', `${path}/none`)).status).toBe(400)
  })

  it('is deleted only without accounts', async () => {
    await create({ ...google, id: 'used' })
    await http.request('account.put.user', { app: 'used', user: 'u@example.com', refreshToken: 'r' })
    expect((await http.ask('DELETE', '/v1/oauth2/used')).status).toBe(409)
    await http.request('account.delete.user', {})
    expect((await http.ask('DELETE', '/v1/oauth2/used')).body).toEqual({ id: 'used', deleted: true })
    expect((await http.ask('GET', '/v1/oauth2/used')).status).toBe(404)
  })

  it('is listed in pages', async () => {
    const first = (await http.ask('GET', '/v1/oauth2?pageSize=1')).body
    expect(first).toMatchObject({ page: 0, pages: first.total })
    expect(first.apps).toHaveLength(1)
  })

  it.each<[string, object, number, string]>([
    ['no provider', { provider: undefined }, 400, 'provider'],
    ['an unknown provider', { provider: 'aol' }, 422, 'provider'],
    ['no clientId', { clientId: undefined }, 400, 'clientId'],
    ['an unknown cloud', { cloud: 'cumulus' }, 400, 'cloud'],
    ['a setting of another provider', { authority: 'common' }, 422, 'tenant'],
    ['an endpoint that is not a URL', { provider: 'oidc', tokenUrl: 'token' }, 400, 'tokenUrl'],
  ])('with %s is rejected', async (_, wrong, status, key) => {
    expect(await create({ ...google, ...wrong })).toMatchObject({
      status,
      body: { fields: [{ key, message: expect.any(String) }] },
    })
  })

  it("is disabled and enabled by EmailEngine's field", async () => {
    const { body: made } = await create({ ...google, enabled: false })
    const url = `/v1/oauth2/${made.id}`
    const enabled = async () => (await http.ask('GET', url)).body.enabled
    expect(await enabled()).toBe(false)
    await http.ask('PUT', url, { body: { name: 'renamed' } })
    expect(await enabled()).toBe(false)
    await http.ask('PUT', url, { body: { enabled: null } })
    expect(await enabled()).toBe(true)
  })

  it('with an existing id is a conflict', async () => {
    await create({ ...google, id: 'twice' })
    expect(await create({ ...google, id: 'twice' })).toMatchObject({ status: 409 })
  })
})
