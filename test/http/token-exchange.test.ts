import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTokens } from '../../src/client/index.ts'
import { type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { spawnTokenbus } from '../support/spawn-tokenbus.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
let provider: PlainProvider
const subject = 'subject-token-of-the-caller'
const urn = 'urn:ietf:params:oauth'

beforeAll(async () => {
  cluster = await startHttpCluster({ TOKENBUS_LOG_LEVEL: 'trace', TOKENBUS_ENABLE_TOKEN_API: 'true' })
  provider = await startPlainProvider({
    answer: ({ form }, calls) => {
      const { client_id, client_secret, ...said } = form
      if (client_id !== 'client' || client_secret !== 'client-secret')
        return [401, { error: 'invalid_client' }]
      const { scope, ...rest } = said
      const strict = {
        grant_type: `${urn}:grant-type:token-exchange`,
        subject_token: subject,
        subject_token_type: `${urn}:token-type:${scope === 'of-jwt' ? 'jwt' : 'access_token'}`,
        audience: 'https://api.example.com',
      }
      if (JSON.stringify(Object.entries(rest).sort()) !== JSON.stringify(Object.entries(strict).sort()))
        return [400, { error: 'invalid_request' }]
      if (scope === 'too-much') return [400, { error: 'invalid_scope' }]
      const accessToken = `exchanged-${calls.length}`
      const issued = {
        issued_token_type: `${urn}:token-type:access_token`,
        token_type: 'Bearer',
        expires_in: 60,
      }
      return [200, { access_token: accessToken, ...issued, ...(scope && { scope }) }]
    },
  })
  await putApp('client-secret')
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const putApp = (clientSecret: string) =>
  cluster.request('app.put.exchange', {
    provider: 'oidc',
    grant: 'token_exchange',
    tokenUrl: `${provider.origin}/token`,
    tokenParams: { audience: 'https://api.example.com' },
    clientId: 'client',
    clientSecret,
    scopes: ['read'],
  })

describe('an account for token exchange', () => {
  it('stores no token, and is valid', async () => {
    const put = { app: 'exchange', user: 'orders' }
    expect(await cluster.request('account.put.orders', put)).toMatchObject({
      state: 'valid',
      expires: null,
      created: true,
    })
    expect(await cluster.request('account.put.orders', put)).toMatchObject({ unchanged: true })
    const held = { error: 'invalid_config' }
    expect(await cluster.request('account.put.orders', { ...put, accessToken: 'a' })).toMatchObject(held)
    expect(await cluster.request('account.put.orders', { ...put, refreshToken: 'r' })).toMatchObject(held)
    expect(provider.calls).toHaveLength(0)
  })

  it('exchanges a token per request, and stores none', async () => {
    const first = await cluster.request('token.get.orders', { subjectToken: subject })
    expect(first).toMatchObject({
      accessToken: 'exchanged-1',
      app: 'exchange',
      user: 'orders',
      registeredScopes: ['read'],
    })
    const left = Date.parse((first as { expires: string }).expires) - Date.now()
    expect(left).toBeGreaterThan(30_000)
    expect(left).toBeLessThanOrEqual(60_000)
    expect(await cluster.request('token.get.orders', { subjectToken: subject })).toMatchObject({
      accessToken: 'exchanged-2',
    })
    const narrowed = { subjectToken: subject, subjectTokenType: 'jwt', scopes: ['of-jwt'] }
    expect(await cluster.request('token.get.orders', narrowed)).toMatchObject({
      registeredScopes: ['of-jwt'],
    })
    await using tokens = await connectTokens({ servers: cluster.natsServer.url })
    expect(await tokens.get('orders', { subjectToken: subject })).toMatchObject({
      accessToken: 'exchanged-4',
    })
    expect(await tokens.get('orders', { subjectToken: subject })).toMatchObject({
      accessToken: 'exchanged-5',
    })
  })

  it('reports missing fields, and the cause of a refusal', async () => {
    const without = { error: 'bad_request', message: expect.stringContaining('subjectToken: required') }
    expect(await cluster.request('token.get.orders')).toMatchObject(without)
    expect(await cluster.request('token.reject.orders', { generation: 1 })).toMatchObject(without)
    const refused = { error: 'bad_request', message: expect.stringContaining('does not exchange it') }
    expect(await cluster.request('token.get.orders', { subjectToken: 'another-token' })).toMatchObject({
      ...refused,
      reason: 'invalid_request',
    })
    const tooMuch = { subjectToken: subject, scopes: ['too-much'] }
    expect(await cluster.request('token.get.orders', tooMuch)).toMatchObject({
      ...refused,
      reason: 'invalid_scope',
    })
    const tooLong = { subjectToken: 'x'.repeat(16_385) }
    expect(await cluster.request('token.get.orders', tooLong)).toMatchObject({ error: 'bad_request' })
    await putApp('wrong-secret')
    expect(await cluster.request('token.get.orders', { subjectToken: subject })).toMatchObject({
      error: 'client_secret_expired',
    })
    await putApp('client-secret')
  })

  it('exchanges a token over HTTP', async () => {
    const path = '/v1/account/orders/oauth-token/exchange'
    const ask = (body: object) => cluster.ask('POST', path, { body })
    const answered = await ask({ subjectToken: subject, subjectTokenType: 'jwt', scopes: ['of-jwt'] })
    expect(answered).toMatchObject({
      status: 200,
      body: {
        accessToken: expect.stringMatching(/^exchanged-/),
        registeredScopes: ['of-jwt'],
        cached: false,
      },
    })
    expect(await ask({})).toMatchObject({ status: 400, body: { fields: [{ key: 'subjectToken' }] } })
    expect(await ask({ subjectToken: 'another-token' })).toMatchObject({ status: 400 })
  })

  it('exchanges a token by the command line', async () => {
    const env = { TOKENBUS_NATS_URL: cluster.natsServer.url, SUBJECT: subject }
    const args = ['token', 'orders', '--raw', '--subject-token', 'env:SUBJECT']
    expect(await spawnTokenbus(args, env)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^exchanged-\d+\n$/),
    })
  })

  it('can be revoked', async () => {
    await cluster.request('account.revoke.orders', {})
    expect(await cluster.request('token.get.orders', { subjectToken: subject })).toMatchObject({
      error: 'grant_revoked',
    })
  })

  it('writes neither token to the log or Redis', async () => {
    expect(provider.calls.length).toBeGreaterThan(5)
    const stored: string[] = []
    for (const key of await cluster.redis.keys('*')) {
      const value = await cluster.redis.dumpBuffer(key)
      if (value?.includes(subject) || value?.includes('exchanged-')) stored.push(key)
    }
    expect(stored).toEqual([])
    expect(cluster.node.output()).not.toContain(subject)
    expect(cluster.node.output()).not.toMatch(/exchanged-\d/)
  })
})

it('a subject token is rejected for accounts of other apps', async () => {
  const { url: issuer, client } = cluster.sandbox
  const put = { provider: 'oidc', issuer, clientId: client.id, clientSecret: client.secret.reveal() }
  await cluster.request('app.put.plain', put)
  await cluster.request('account.put.plain', { app: 'plain', user: 'x', refreshToken: 'r' })
  expect(await cluster.request('token.get.plain', { subjectToken: subject })).toMatchObject({
    error: 'bad_request',
    message: expect.stringContaining('subjectToken'),
  })
})
