import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
  for (const account of ['alice', 'bob', 'carol', 'dave', 'erin']) await http.connectAccount(account)
  http.sandbox.control.revoke('bob')
  await http.request('token.get.bob', { forceRefresh: true })
  await http.request('token.get.alice', { forceRefresh: true })
})
afterAll(() => http[Symbol.asyncDispose]())

const ids = (accounts: { account: string }[]) => accounts.map(({ account }) => account).sort()

describe('GET /v1/accounts with EmailEngine’s states', () => {
  it.each([
    ['state=connected', 'connected', ['alice', 'carol', 'dave', 'erin']],
    ['state=authenticationError', 'authenticationError', ['bob']],
    ['state=connectError', 'connectError', []],
    ['state=connecting', 'connecting', []],
    ['state=connected&query=CAR', 'connected', ['carol']],
    ['state=connected&query=bob', 'connected', []],
  ])('%s', async (asked, state, expected) => {
    const { status, body } = await http.ask('GET', `/v1/accounts?${asked}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ total: expected.length, page: 0, pages: expected.length === 0 ? 0 : 1 })
    expect(ids(body.accounts)).toEqual(expected)
    for (const each of body.accounts) expect(each.state).toBe(state)
  })

  it('returns pages over the states that map to one of EmailEngine’s', async () => {
    const pages = await Promise.all(
      [0, 1, 2].map((page) => http.ask('GET', `/v1/accounts?state=connected&pageSize=3&page=${page}`)),
    )
    expect(pages.map(({ body }) => [body.total, body.pages, body.accounts.length])).toEqual([
      [4, 2, 3],
      [4, 2, 1],
      [4, 2, 0],
    ])
    expect(ids(pages.flatMap(({ body }) => body.accounts))).toEqual(['alice', 'carol', 'dave', 'erin'])
  })

  it('searches in pages, and uses our states unless asked with EmailEngine’s', async () => {
    const { body } = await http.ask('GET', '/v1/accounts?query=B@EXAMPLE')
    expect(body).toMatchObject({ total: 1, accounts: [{ account: 'bob', state: 'revoked' }] })
  })

  it('shows an API token its own accounts only', async () => {
    const { token } = await http.createApiToken({ scopes: ['account:write'], accounts: 'carol' })
    const { body } = await http.ask('GET', '/v1/accounts?state=connected', { token })
    expect(ids(body.accounts)).toEqual(['carol'])
  })
})

describe('PUT /v1/account/:account/reconnect', () => {
  const reconnect = (account: string) =>
    http.ask('PUT', `/v1/account/${account}/reconnect`, { body: { reconnect: true } })

  it('refreshes', async () => {
    const before = (await http.request('account.get.carol')).generation
    expect(await reconnect('carol')).toMatchObject({ status: 200, body: { reconnect: true } })
    expect((await http.request('account.get.carol')).generation).toBe(before + 1)
  })

  it('is rejected for an account that needs a new consent', async () => {
    expect(await reconnect('bob')).toMatchObject({ status: 200, body: { reconnect: false } })
    expect((await reconnect('nobody')).status).toBe(404)
  })
})

describe('EmailEngine’s API tokens', () => {
  it('are created for one account, work, are listed and revoked', async () => {
    const made = await http.ask('POST', '/v1/token', {
      body: { account: 'dave', description: 'its client', scopes: ['api'] },
    })
    expect(made.status).toBe(200)
    const { token } = made.body
    expect((await http.ask('GET', '/v1/account/dave/oauth-token', { token })).status).toBe(200)
    expect((await http.ask('GET', '/v1/account/carol/oauth-token', { token })).status).toBe(403)
    const { body } = await http.ask('GET', '/v1/tokens')
    expect(body.tokens).toContainEqual(
      expect.objectContaining({ description: 'its client', account: 'dave' }),
    )
    expect(JSON.stringify(body)).not.toContain(token)
    expect((await http.ask('DELETE', `/v1/token/${token}`)).body).toEqual({ deleted: true })
    expect((await http.ask('GET', '/v1/account/dave/oauth-token', { token })).status).toBe(401)
    expect((await http.ask('DELETE', `/v1/token/${token}`)).status).toBe(404)
  })

  it('for its mail proxies are rejected', async () => {
    const body = { description: 'smtp', scopes: ['smtp'] }
    expect((await http.ask('POST', '/v1/token', { body })).status).toBe(400)
  })
})

it('GET /v1/stats counts accounts by EmailEngine’s states, and refreshes by outcome', async () => {
  const { status, body } = await http.ask('GET', '/v1/stats?seconds=3600')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    accounts: 5,
    connections: { connected: 4, authenticationError: 1, connectError: 0, init: 0 },
    counters: { 'tokenRefresh:failure:grant_revoked': 1 },
  })
  expect(body.counters['tokenRefresh:success']).toBeGreaterThanOrEqual(1)
  expect((await http.ask('GET', '/v1/stats?seconds=86400')).body.refreshes).toHaveLength(24)
})

it('a consent link is valid for a day, or for its ttl', async () => {
  const form = (more: object) =>
    http.ask('POST', '/v1/authentication/form', {
      body: { account: 'new', redirectUrl: `${http.url}/`, type: 'sandbox', ...more },
    })
  const lives = async () => {
    const keys = await http.redis.keys('tb:consent:*')
    return Promise.all(keys.map((key) => http.redis.ttl(key)))
  }
  await form({})
  const [usual = 0] = await lives()
  expect(usual).toBeGreaterThan(86_000)
  await form({ ttl: 600 })
  expect((await lives()).filter((seconds) => seconds <= 600)).toHaveLength(1)
  expect((await form({ ttl: 1 })).status).toBe(400)
})

it.each([
  ['GET', '/v1/account/alice/messages'],
  ['POST', '/v1/account/alice/submit'],
  ['GET', '/v1/webhookRoutes'],
  ['POST', '/v1/settings'],
  ['GET', '/v1/outbox'],
])('%s %s is reported as not supported', async (method, path) => {
  const { status, body } = await http.ask(method, path, { ...(method === 'POST' && { body: {} }) })
  expect(status).toBe(404)
  expect(body.message).toMatch(/keeps OAuth2 tokens.*no mail/)
})
