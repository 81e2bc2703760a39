import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster()
})
afterAll(() => http[Symbol.asyncDispose]())

const unauthorized = {
  statusCode: 401,
  error: 'unauthorized',
  message: 'an API token is required: Authorization: Bearer <token>',
}

describe('without an API token', () => {
  it.each(['/livez', '/readyz', '/openapi.json'])('%s is public', async (path) => {
    expect((await http.ask('GET', path, { token: null })).status).toBe(200)
  })

  it.each([
    ['none', undefined],
    ['another scheme', 'Basic dGI6eA=='],
    ['no token', 'Bearer '],
    ['an unknown id', 'Bearer tb_AAAAAAAAAAAAabcdefghijklmnopqrstuvwxyz'],
    ['an invalid form', 'Bearer x'],
  ])('everything else is 401: %s', async (_, authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    const reply = await http.ask('GET', '/v1/account/alice', { token: null, headers })
    expect(reply).toMatchObject({ status: 401, body: unauthorized })
    expect(reply.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('one in the URL is ignored', async () => {
    const reply = await http.ask('GET', `/v1/account/alice?access_token=${http.adminToken}`, { token: null })
    expect(reply.status).toBe(401)
  })

  it('a missing route is 404, an invalid path 400', async () => {
    expect(await http.ask('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { error: 'not_found' } })
    expect(await http.ask('GET', '/v1/account/%zz')).toMatchObject({
      status: 400,
      body: { error: 'bad_request' },
    })
  })
})

describe('an API token', () => {
  it('with a wrong secret is 401', async () => {
    const forged = http.adminToken.slice(0, -1) + (http.adminToken.endsWith('A') ? 'B' : 'A')
    expect((await http.ask('GET', '/v1/account/alice', { token: forged })).body).toEqual(unauthorized)
  })

  it('has the permissions of its scopes', async () => {
    const { token } = await http.createApiToken({ scopes: ['token:read'] })
    expect(await http.ask('GET', '/v1/account/alice', { token })).toMatchObject({
      status: 403,
      body: {
        error: 'forbidden',
        code: 'Forbidden',
        message: 'this API token lacks the scope account:write or events:read',
      },
    })
  })

  it('is valid for the accounts that match its pattern', async () => {
    const { token } = await http.createApiToken({ scopes: ['account:write'], accounts: 'team-a-*' })
    expect(await http.ask('GET', '/v1/account/team-b-1', { token })).toMatchObject({
      status: 403,
      body: { error: 'forbidden', account: 'team-b-1' },
    })
    expect(await http.ask('GET', '/v1/account/team-a-1', { token })).toMatchObject({
      status: 404,
      body: { error: 'account_not_found', code: 'AccountNotFound' },
    })
  })

  it('expires', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString()
    const { token } = await http.createApiToken({ scopes: ['admin'], expiresAt })
    expect((await http.ask('GET', '/v1/account/alice', { token })).status).toBe(404)
    await eventually(async () =>
      expect((await http.ask('GET', '/v1/account/alice', { token })).status).toBe(401),
    )
  })

  it('once revoked is rejected by every node', async () => {
    const { token, id } = await http.createApiToken({ scopes: ['admin'] })
    const second = await http.startNode()
    const nodes = [http.url, second.httpUrl()]
    const statuses = () =>
      Promise.all(nodes.map(async (url) => (await http.ask('GET', '/v1/account/x', { token, url })).status))
    expect(await statuses()).toEqual([404, 404])
    expect(await http.request(`api-token.revoke.${id}`, {})).toEqual({ id, revoked: true })
    // Well before the nodes would read it again.
    await eventually(async () => expect(await statuses()).toEqual([401, 401]))
  })

  it('over its rate limit gets retryAfter', async () => {
    const { token } = await http.createApiToken({ scopes: ['admin'], perSecond: 2 })
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => http.ask('GET', '/v1/account/x', { token })),
    )
    const refused = replies.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(refused[0]?.body).toMatchObject({ error: 'rate_limited', code: 'RateLimited', retryAfter: 1 })
  })

  it('is listed with its last use, and stored only as a hash', async () => {
    const { token, id } = await http.createApiToken({ scopes: ['token:read'], accounts: 'team-a-*' })
    await http.ask('GET', '/v1/account/alice', { token })
    await eventually(async () => {
      const { apiTokens } = await http.request('api-token.list')
      const found = apiTokens.find((each: { id: string }) => each.id === id)
      expect(found).toEqual({
        id,
        name: 'test',
        scopes: ['token:read'],
        accounts: 'team-a-*',
        apps: null,
        perSecond: 1_000,
        createdAt: expect.any(String),
        expiresAt: null,
        lastUsedAt: expect.any(String),
      })
    })
    const stored = JSON.stringify(await http.redis.hgetall('tb:{api-tokens}'))
    expect(stored).toContain(id)
    expect(stored).not.toContain(token.slice(15))
  })
})

describe('API tokens over HTTP', () => {
  const make = (body: object, token = http.adminToken) =>
    http.ask('POST', '/v1/api-tokens', { body: { name: 'made', ...body }, token })
  const listed = async () => (await http.ask('GET', '/v1/api-tokens')).body.apiTokens as { id: string }[]

  it('are created, shown once, listed and revoked', async () => {
    const { status, body } = await make({ scopes: ['account:write'], accounts: 'team-a-*' })
    expect({ status, ...body }).toMatchObject({ status: 200, name: 'made', accounts: 'team-a-*' })
    const { id, token } = body
    expect((await http.ask('GET', '/v1/account/team-a-1', { token })).status).toBe(404)
    const found = (await listed()).find((each) => each.id === id)
    expect(found).toMatchObject({ id, name: 'made' })
    expect(found).not.toHaveProperty('token')
    expect((await http.ask('DELETE', `/v1/api-tokens/${id}`)).body).toEqual({ id, revoked: true })
    expect((await http.ask('GET', '/v1/account/team-a-1', { token })).status).toBe(401)
    expect((await http.ask('DELETE', `/v1/api-tokens/${id}`)).status).toBe(404)
    expect((await make({ scopes: ['everything'] })).status).toBe(400)
  })

  it('require the scope admin for all accounts, and cannot exceed their creator’s permissions', async () => {
    const all: object = { scopes: ['token:read', 'account:write', 'app:write', 'events:read'] }
    const some: object = { scopes: ['admin'], accounts: 'team-a-*' }
    for (const wish of [all, some]) {
      const { token, id } = await http.createApiToken(wish)
      expect((await make({ scopes: ['admin'] }, token)).status).toBe(403)
      expect((await http.ask('GET', '/v1/api-tokens', { token })).status).toBe(403)
      expect((await http.ask('DELETE', `/v1/api-tokens/${id}`, { token })).status).toBe(403)
    }
  })
})
