import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster()
  const app = { provider: 'oidc', clientId: 'c', clientSecret: 's', tokenUrl: 'http://127.0.0.1:9/token' }
  await http.request('app.put.crm', app)
})
afterAll(() => http[Symbol.asyncDispose]())

const oauth2 = { provider: 'crm', auth: { user: 'someone' }, refreshToken: 'rt' }
const ifMatch = (tag: string) => ({ headers: { 'if-match': tag } })
const failed = { status: 412, body: { error: 'precondition_failed', code: 'PreconditionFailed' } }

async function register(account: string): Promise<string> {
  const { headers } = await http.ask('POST', '/v1/account', { body: { account, oauth2 } })
  return headers.get('etag') as string
}

describe('If-Match on an account', () => {
  it('accepts a current ETag, and rejects it once the account has changed', async () => {
    const path = '/v1/account/alice'
    const first = await register('alice')
    const change = { body: { metadata: { colour: 'red' } } }
    const changed = await http.ask('PUT', path, { ...change, ...ifMatch(first) })
    expect(changed).toMatchObject({ status: 200, body: { account: 'alice', version: expect.any(Number) } })
    expect(await http.ask('PUT', path, { ...change, ...ifMatch(first) })).toMatchObject(failed)
    expect(await http.ask('POST', `${path}/revoke`, { body: {}, ...ifMatch(first) })).toMatchObject(failed)
    expect(await http.ask('DELETE', path, ifMatch(first))).toMatchObject(failed)
    const { headers, body } = await http.ask('GET', path)
    expect(headers.get('etag')).toBe(changed.headers.get('etag'))
    expect(headers.get('etag')).toBe(`"${body.revision}"`)
    expect(await http.ask('DELETE', path, ifMatch(headers.get('etag') as string))).toMatchObject({
      status: 200,
    })
  })

  it.each([['W/"1-a"'], ['1-a'], ['"not one of ours"']])('%s matches nothing', async (tag) => {
    await register('strict')
    expect(await http.ask('DELETE', '/v1/account/strict', ifMatch(tag))).toMatchObject(failed)
  })

  it('with If-None-Match: * registers only a new account', async () => {
    const once = { body: { account: 'once', oauth2 }, headers: { 'if-none-match': '*' } }
    expect(await http.ask('POST', '/v1/account', once)).toMatchObject({ status: 200, body: { state: 'new' } })
    expect(await http.ask('POST', '/v1/account', once)).toMatchObject(failed)
  })

  it('names the current revision in the error', async () => {
    const current = (await register('named')).slice(1, -1)
    const create = { body: { account: 'named', oauth2 }, headers: { 'if-none-match': '*' } }
    const message = expect.stringMatching(new RegExp(`^if-none-match: .*${current}`))
    expect(await http.ask('POST', '/v1/account', create)).toMatchObject({ status: 412, body: { message } })
    const late = await http.ask('DELETE', '/v1/account/named', ifMatch('"9-x"'))
    expect(late.body.message).toMatch(new RegExp(`^if-match: .*${current}`))
  })

  it('is rejected together with another ifVersion, or with If-None-Match', async () => {
    const stale = await register('twice')
    const path = '/v1/account/twice'
    await http.ask('PUT', path, { body: { metadata: { colour: 'red' } } })
    const both = { body: { ifVersion: '*', metadata: { colour: 'blue' } }, ...ifMatch(stale) }
    const rejected = { status: 400, body: { message: 'ifVersion: differs from if-match' } }
    expect(await http.ask('PUT', path, both)).toMatchObject(rejected)
    expect(
      await http.ask('POST', `${path}/revoke`, { body: { ifVersion: '*' }, ...ifMatch(stale) }),
    ).toMatchObject(rejected)
    const headers = { 'if-match': '*', 'if-none-match': '*' }
    expect((await http.ask('PUT', path, { body: {}, headers })).status).toBe(400)
    expect((await http.ask('GET', path)).body).toMatchObject({
      state: 'expiring',
      metadata: { colour: 'red' },
    })
  })

  it.each([
    ['PUT', '/v1/account/other/reconnect', { reconnect: true }],
    ['POST', '/v1/account/other/device', { app: 'crm' }],
    ['POST', '/v1/account/other/oauth-token/reject', { generation: 1 }],
    ['POST', '/v1/api-tokens', { name: 'n', scopes: ['token:read'] }],
  ] as const)('is rejected by %s %s, which cannot honour it', async (method, path, body) => {
    await register('other')
    const rejected = { status: 400, body: { message: 'if-match: this request checks no precondition' } }
    expect(await http.ask(method, path, { body, ...ifMatch('"9-x"') })).toMatchObject(rejected)
  })

  it('is rejected when a consent is started, which stores nothing yet', async () => {
    const body = { account: 'alice', oauth2: { provider: 'crm', authorize: true } }
    const rejected = { status: 400, body: { message: expect.stringContaining('oauth2.authorize') } }
    const path = '/v1/account'
    expect(await http.ask('POST', path, { body, headers: { 'if-none-match': '*' } })).toMatchObject(rejected)
    expect(await http.ask('POST', path, { body: { ...body, ifVersion: 0 } })).toMatchObject(rejected)
  })

  it('keeps each of several concurrent partial changes', async () => {
    await register('busy')
    const facts = Array.from({ length: 12 }, (_, i) => `fact${i}`)
    const changes = facts.map((name) =>
      http.ask('PUT', '/v1/account/busy', { body: { metadata: { [name]: name } } }),
    )
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(facts.map(() => 200))
    const { body } = await http.ask('GET', '/v1/account/busy')
    expect(Object.keys(body.metadata)).toEqual(expect.arrayContaining(facts))
  })
})

describe('an app', () => {
  const create = (id: string) =>
    http.ask('POST', '/v1/oauth2', {
      body: { id, provider: 'gmail', clientId: 'c.apps.googleusercontent.com', clientSecret: 's' },
    })

  it('is created once by ten concurrent requests', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => create('one')))
    expect(made.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)])
  })

  it('is not created if a precondition requires that it exists', async () => {
    const body = { id: 'none', provider: 'gmail', clientId: 'c', clientSecret: 's' }
    expect(await http.ask('POST', '/v1/oauth2', { body, ...ifMatch('*') })).toMatchObject(failed)
    expect(await http.ask('POST', '/v1/oauth2', { body, ...ifMatch('"1-a"') })).toMatchObject(failed)
    expect(await http.ask('POST', '/v1/oauth2', { body: { ...body, ifVersion: 7 } })).toMatchObject({
      status: 409,
    })
    expect((await http.ask('GET', '/v1/oauth2/none')).status).toBe(404)
  })

  it('is changed only at the given version', async () => {
    const first = (await create('two')).headers.get('etag') as string
    const path = '/v1/oauth2/two'
    const renamed = await http.ask('PUT', path, { body: { name: 'Second' }, ...ifMatch(first) })
    expect(renamed.status).toBe(200)
    expect(await http.ask('PUT', path, { body: { name: 'Third' }, ...ifMatch(first) })).toMatchObject(failed)
    const secret = { body: { id: 'new', secret: 'n' }, ...ifMatch(first) }
    expect(await http.ask('POST', `${path}/secrets`, secret)).toMatchObject(failed)
    expect(await http.ask('DELETE', path, ifMatch(first))).toMatchObject(failed)
    const over = await http.request('app.secret.add.two', { id: 'new', secret: 'n', ifVersion: 1 })
    expect(over).toMatchObject({ error: 'conflict', message: expect.stringContaining('ifVersion') })
    expect((await http.ask('GET', path)).body).toMatchObject({
      name: 'Second',
      secrets: [{ id: expect.any(String) }],
    })
  })

  it('keeps a secret that was added during an update', async () => {
    await create('three')
    const ids = Array.from({ length: 9 }, (_, i) => `s${i}`)
    await Promise.all([
      ...ids.map((id) => http.request('app.secret.add.three', { id, secret: `secret-${id}` })),
      ...ids.map((name) => http.ask('PUT', '/v1/oauth2/three', { body: { name } })),
    ])
    const { body } = await http.ask('GET', '/v1/oauth2/three')
    expect(body.secrets.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(ids))
  })
})
