import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/contract/subject-token.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster

beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
  await http.connectAccount('alice')
})
afterAll(() => http[Symbol.asyncDispose]())

const account = (more: object = {}) => ({ app: 'sandbox', user: 'u@example.com', refreshToken: 'r', ...more })
const body = (more: object = {}) => ({
  account: 'new',
  oauth2: { provider: 'sandbox', auth: { user: 'u@example.com' }, refreshToken: 'r' },
  ...more,
})

describe.each([
  ['an escape sequence', 'a\u001b[2J'],
  ['a line break', 'a\nb'],
  ['DEL', 'a\u007f'],
  ['an 8-bit escape', 'a\u009b2J'],
  ['a bidirectional override', 'a\u202eb'],
])('%s is rejected, naming the field,', (_, text) => {
  const rule = 'must have no control characters'

  it.each<[string, () => Promise<{ error?: string; message?: string }>]>([
    ['id', () => http.request(`account.put.${encodeId(text)}`, account())],
    ['user', () => http.request('account.put.new', account({ user: text }))],
    [
      'id',
      () =>
        http.request(`app.put.${encodeId(text)}`, { provider: 'gmail', clientId: 'c', clientSecret: 's' }),
    ],
    [
      'name',
      () => http.request('app.put.new', { name: text, provider: 'gmail', clientId: 'c', clientSecret: 's' }),
    ],
    ['name', () => http.request('api-token.create', { name: text, scopes: ['admin'] })],
  ])('over NATS in %s (%#)', async (field, ask) => {
    expect(await ask()).toMatchObject({ error: 'bad_request', message: `${field}: ${rule}` })
  })

  it.each<[string, string, string, object]>([
    ['account', 'POST', '/v1/account', body({ account: text })],
    ['name', 'POST', '/v1/account', body({ name: text })],
    [
      'oauth2.auth.user',
      'POST',
      '/v1/account',
      body({ oauth2: { provider: 'sandbox', auth: { user: text } } }),
    ],
    ['account', 'PUT', `/v1/account/${encodeURIComponent(text)}`, { name: 'x' }],
    ['account', 'POST', '/v1/authentication/form', { account: text, redirectUrl: 'http://127.0.0.1' }],
    ['id', 'POST', '/v1/oauth2', { id: text, provider: 'gmail', clientId: 'c', clientSecret: 's' }],
    ['name', 'POST', '/v1/api-tokens', { name: text, scopes: ['admin'] }],
  ])('over HTTP in %s (%#)', async (field, method, path, sent) => {
    const reply = await http.ask(method, path, { body: sent })
    expect(reply).toMatchObject({ status: 400, body: { fields: [{ key: field }] } })
    expect(reply.body.fields[0].message).toContain(rule)
  })
})

describe('an account of an older version with control characters in its id', () => {
  it('can be read and deleted', async () => {
    const id = encodeURIComponent('old\u001b[2J')
    expect((await http.ask('GET', `/v1/account/${id}`)).status).toBe(404)
    expect((await http.ask('GET', `/v1/account/${id}/oauth-token`)).status).toBe(404)
    expect((await http.ask('DELETE', `/v1/account/${id}`)).status).toBe(404)
    expect(await http.request(`account.get.${encodeId('old\u001b[2J')}`)).toMatchObject({
      error: 'account_not_found',
    })
  })
})

describe('metadata', () => {
  const rule = 'metadata: must not be nested deeper than 32'

  it.each([
    [32, 200],
    [33, 400],
    [30_000, 400],
  ])('nested %i levels deep is answered with %i', async (depth, status) => {
    const text = `{"metadata":{"deep":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}}`
    const headers = { 'content-type': 'application/json' }
    const { user } = await http.request('account.get.alice')
    const put = await http.nats.request(
      'account.put.alice',
      text.replace('{', `{"app":"sandbox","user":"${user}",`),
    )
    const replies = [
      (await http.ask('PUT', '/v1/account/alice', { headers, text })).body,
      put.json() as { message?: string },
    ]
    const said = status === 200 ? [undefined, undefined] : [rule, rule]
    expect(replies.map(({ message }) => message)).toEqual(said)
  })

  it('has a size limit also for merges', async () => {
    const add = async (name: string) =>
      (await http.ask('PUT', '/v1/account/alice', { body: { metadata: { [name]: 'x'.repeat(30_000) } } }))
        .status
    expect([await add('a'), await add('b'), await add('c')]).toEqual([200, 200, 400])
  })

  it('cannot crash a node by deep nesting elsewhere', async () => {
    for (const [method, path] of [
      ['POST', '/v1/account'],
      ['POST', '/v1/oauth2'],
      ['POST', '/v1/api-tokens'],
      ['POST', '/v1/authentication/form'],
      ['POST', '/session'],
      ['POST', '/v1/account/alice/oauth-token/exchange'],
      ['POST', '/v1/account/alice/oauth-token/reject'],
    ] as const) {
      const text = `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)},"claims":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`
      const { status } = await http.ask(method, path, {
        headers: { 'content-type': 'application/json' },
        text,
      })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
    expect(http.node.output()).not.toContain('an HTTP request failed')
  })
})
