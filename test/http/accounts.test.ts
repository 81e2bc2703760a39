import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { grant, later, registering, startWithCrm } from './crm-accounts.ts'
import type { HttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startWithCrm()
})
afterAll(() => http[Symbol.asyncDispose]())

const register = registering(() => http)

describe('an account', () => {
  it('is registered by EmailEngine’s request, ignoring unknown settings', async () => {
    const others = {
      imap: { host: 'imap.example.com', port: 993 },
      smtp: false,
      webhooks: 'https://x.example',
    }
    expect(await register('alice', others)).toMatchObject({
      status: 200,
      body: { account: 'alice', state: 'new' },
    })
    expect((await register('alice')).body).toMatchObject({ account: 'alice', state: 'existing' })
    const { body } = await http.ask('GET', '/v1/account/alice')
    expect(body).toMatchObject({
      account: 'alice',
      user: 'alice@example.com',
      app: 'crm',
      state: 'valid',
      metadata: { name: 'Al Ice', email: 'al@example.com' },
    })
    expect(JSON.stringify(body)).not.toContain('rt-')
    expect(await http.request('account.get.alice')).toEqual(body)
  })

  it('without an id gets one', async () => {
    const { body } = await register(null)
    expect(body).toMatchObject({ account: expect.stringMatching(/^[\w-]{36}$/), state: 'new' })
    expect((await http.ask('GET', `/v1/account/${body.account}`)).status).toBe(200)
  })

  it.each([
    ['no oauth2', { oauth2: undefined }, 'oauth2'],
    ['a provider of no such form', { oauth2: { ...grant('x'), provider: 7 } }, 'oauth2.provider'],
    ['no provider', { oauth2: { ...grant('x'), provider: undefined } }, undefined],
    ['an expiry in words', { oauth2: { ...grant('x'), expires: 'soon' } }, 'oauth2.expires'],
    ['an account that is a number', { account: 7 }, 'account'],
  ])('is rejected with %s, naming the field', async (_, body, key) => {
    const reply = await register('wrong', body)
    expect(reply).toMatchObject({
      status: 400,
      body: {
        statusCode: 400,
        error: 'bad_request',
        ...(key && { fields: [{ key, message: expect.any(String) }] }),
      },
    })
  })

  it('of a missing app is 404', async () => {
    const reply = await register('lost', { oauth2: { ...grant('lost'), provider: 'nothing' } })
    expect(reply).toMatchObject({ status: 404, body: { error: 'app_not_found', code: 'AppNotFound' } })
  })

  it('keeps the fields that a partial update does not name', async () => {
    await register('partial')
    const fresh = { partial: true, accessToken: 'at-fresh', refreshToken: 'rt-fresh', expires: later(2) }
    expect(await http.ask('PUT', '/v1/account/partial', { body: { oauth2: fresh } })).toMatchObject({
      status: 200,
      body: { account: 'partial' },
    })
    expect((await http.ask('GET', '/v1/account/partial')).body).toMatchObject({
      user: 'partial@example.com',
      app: 'crm',
      generation: 2,
      metadata: { name: 'Al Ice' },
    })
    expect((await http.ask('GET', '/v1/account/partial/oauth-token')).body.accessToken).toBe('at-fresh')
  })

  it('keeps its grant if only its name changes', async () => {
    await register('renamed')
    await http.ask('PUT', '/v1/account/renamed', { body: { name: 'New Name', policy: 'lazy' } })
    expect((await http.ask('GET', '/v1/account/renamed')).body).toMatchObject({
      generation: 1,
      policy: 'lazy',
      metadata: { name: 'New Name', email: 'al@example.com' },
    })
    const whole = await http.ask('PUT', '/v1/account/renamed', { body: { oauth2: { accessToken: 'x' } } })
    expect(whole).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('oauth2.provider') },
    })
    expect((await http.ask('PUT', '/v1/account/nobody', { body: { name: 'x' } })).status).toBe(404)
  })

  it('is deleted, and its grant revoked at the provider if requested', async () => {
    await http.connectAccount('leaver')
    expect((await http.ask('DELETE', '/v1/account/leaver?revoke=maybe')).status).toBe(400)
    expect(await http.ask('DELETE', '/v1/account/leaver?revoke=true')).toMatchObject({
      status: 200,
      body: { account: 'leaver', deleted: true },
    })
    expect((await http.ask('DELETE', '/v1/account/leaver')).status).toBe(404)
    expect(http.sandbox.control.revoke('leaver')).toBe(0)
  })

  it('is revoked by an operator, and serves no token until it is connected again', async () => {
    await register('suspended')
    expect(
      await http.ask('POST', '/v1/account/suspended/revoke', { body: { reason: 'left' } }),
    ).toMatchObject({
      status: 200,
      body: { account: 'suspended', state: 'revoked', reason: 'left', recoverable: false },
    })
    expect(await http.ask('GET', '/v1/account/suspended/oauth-token')).toMatchObject({
      status: 403,
      body: { error: 'grant_revoked', reason: 'left' },
    })
    await register('suspended', { oauth2: { ...grant('suspended'), refreshToken: 'rt-another' } })
    expect((await http.ask('GET', '/v1/account/suspended/oauth-token')).status).toBe(200)
    expect((await http.ask('POST', '/v1/account/nobody/revoke', { body: {} })).status).toBe(404)
  })

  it('is not revoked by an empty request', async () => {
    await register('quiet')
    const json = { 'content-type': 'application/json' }
    for (const empty of [{}, { text: '', headers: json }])
      expect(await http.ask('POST', '/v1/account/quiet/revoke', empty)).toMatchObject({
        status: 400,
        body: { error: 'bad_request', message: 'body: must be a JSON object, at least {}' },
      })
    for (const text of ['null', '[1]', '""'])
      expect((await http.ask('POST', '/v1/account/quiet/revoke', { text, headers: json })).status).toBe(400)
    expect((await http.ask('GET', '/v1/account/quiet')).body.state).toBe('valid')
  })

  it('is revoked at its provider if requested, with the scope account:write', async () => {
    await http.connectAccount('ended')
    const path = '/v1/account/ended/revoke'
    const body = { revokeAtProvider: true }
    const reader = await http.createApiToken({ scopes: ['token:read', 'events:read'] })
    const other = await http.createApiToken({ scopes: ['account:write'], accounts: 'end' })
    for (const { token } of [reader, other])
      expect((await http.ask('POST', path, { body, token })).status).toBe(403)
    expect((await http.ask('POST', path, { body })).body).toMatchObject({
      state: 'revoked',
      reason: 'revoked_by_operator',
      revokedAtProvider: true,
    })
    expect(http.sandbox.control.revoke('ended')).toBe(0)
  })

  it('has a history', async () => {
    await register('historic')
    // The history has published transitions only, which may arrive after the reply to a put.
    await eventually(async () => {
      const { body } = await http.ask('GET', '/v1/account/historic/history?limit=1')
      expect(body).toMatchObject({
        account: 'historic',
        transitions: [{ account: 'historic', from: null, to: 'valid', version: 1 }],
      })
    })
    expect((await http.ask('GET', '/v1/account/historic/history?limit=201')).status).toBe(400)
  })

  it('without tokens is redirected to consent', async () => {
    const oauth2 = { authorize: true, provider: 'crm', redirectUrl: 'https://app.example.com/done' }
    const { body } = await register('consenting', { oauth2 })
    expect(body).toEqual({ redirect: expect.stringContaining('/oauth/start?ticket=') })
    const elsewhere = { ...oauth2, redirectUrl: 'https://evil.example' }
    expect(await register('consenting', { oauth2: elsewhere })).toMatchObject({
      status: 400,
      body: { fields: [{ key: 'redirectUrl' }] },
    })
  })
})
