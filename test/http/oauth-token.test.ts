import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
})
afterAll(() => http[Symbol.asyncDispose]())

const pathOf = (account: string) => `/v1/account/${encodeURIComponent(account)}/oauth-token`
const askToken = (account: string, query = '') => http.ask('GET', pathOf(account) + query)

/** An account with a token of an hour, whose provider does not respond. */
async function put(account: string, token: object = {}) {
  await http.request('app.put.quiet', {
    provider: 'oidc',
    clientId: 'c',
    clientSecret: 's',
    tokenUrl: 'http://127.0.0.1:9/token',
  })
  return http.request(`account.put.${account}`, {
    app: 'quiet',
    user: 'alice@example.com',
    accessToken: `at-${account}`,
    refreshToken: `rt-${account}`,
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    ...token,
  })
}

describe('GET /v1/account/:account/oauth-token', () => {
  it('returns EmailEngine’s fields and our own, with no-store', async () => {
    const { expires } = await put('alice')
    const reply = await askToken('alice')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      account: 'alice',
      user: 'alice@example.com',
      accessToken: 'at-alice',
      provider: 'oidc',
      app: 'quiet',
      registeredScopes: ['openid', 'offline_access'],
      expires,
      generation: 1,
      version: 1,
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      cached: true,
    })
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect((await askToken('alice')).body).toEqual(reply.body)
  })

  it('accepts ids that need escaping, of any valid length', async () => {
    const account = '👩‍💻/ä ?.'.repeat(20)
    await put(Buffer.from(account).toString('hex').slice(0, 20))
    expect((await askToken(account)).body).toMatchObject({ error: 'account_not_found', account })
  })

  it('reports whether the token was refreshed', async () => {
    await http.connectAccount('renewed', { fresh: false })
    const renewed = await askToken('renewed')
    expect(renewed.body).toMatchObject({ account: 'renewed', app: 'sandbox', cached: false })
    expect((await askToken('renewed')).body).toEqual({ ...renewed.body, cached: true })
  })

  it('respects minValidity in seconds', async () => {
    await http.connectAccount('short', { policy: 'lazy' })
    expect((await askToken('short', '?minValidity=5')).body).toMatchObject({ generation: 1, cached: true })
    await put('hour-long')
    expect((await askToken('hour-long', '?minValidity=7200')).body).toMatchObject({ minValidityMet: false })
    expect((await askToken('hour-long')).body).not.toHaveProperty('minValidityMet')
    expect(await askToken('short', '?minValidity=soon')).toMatchObject({
      status: 400,
      body: {
        statusCode: 400,
        error: 'bad_request',
        code: 'BadRequest',
        fields: [{ key: 'minValidity', message: 'must be a number' }],
      },
    })
    expect(await askToken('short', '?minValidty=5')).toMatchObject({
      status: 400,
      body: { message: 'must not have minValidty' },
    })
  })

  it('returns a token for requested scopes', async () => {
    await http.connectAccount('second')
    const own = (await askToken('second')).body
    const second = await askToken('second', '?scopes=openid%20email')
    expect(second).toMatchObject({
      status: 200,
      body: { account: 'second', registeredScopes: ['openid', 'email'], cached: false },
    })
    expect(second.body.accessToken).not.toBe(own.accessToken)
    // In another order they are the same, and both tokens live side by side.
    const again = (await askToken('second', '?scopes=email+openid&minValidity=5')).body
    expect(again).toEqual({ ...second.body, cached: true })
    const { version, since, ...unchanged } = own
    expect((await askToken('second')).body).toMatchObject({ ...unchanged, cached: true })
    const wrong = await askToken('second', '?scopes=openid%20%20email')
    expect(wrong).toMatchObject({ status: 400, body: { fields: [{ key: 'scopes[1]' }] } })
    expect((await askToken('second', '?scopes=')).status).toBe(400)
    expect(await askToken('second', '?scopes=made-up')).toMatchObject({
      status: 422,
      body: { error: 'invalid_config', account: 'second' },
    })
    expect((await askToken('second')).body).toMatchObject({ accessToken: own.accessToken })
  })

  it('is 404 for an unknown account', async () => {
    expect(await askToken('nobody')).toMatchObject({
      status: 404,
      body: { statusCode: 404, error: 'account_not_found', code: 'AccountNotFound', account: 'nobody' },
    })
  })

  it('is an authentication failure for a revoked grant only', async () => {
    await http.connectAccount('dead', { fresh: false })
    http.sandbox.control.revoke('dead')
    const reply = await askToken('dead')
    expect(reply).toMatchObject({
      status: 403,
      body: {
        statusCode: 403,
        error: 'grant_revoked',
        code: 'OauthRenewError',
        authenticationFailed: true,
        state: 'revoked',
        recoverable: false,
        reason: expect.any(String),
        action: expect.any(String),
      },
    })
  })

  it('is no authentication failure if the provider is unreachable', async () => {
    await put('stranded', { expires: new Date(Date.now() - 1_000).toISOString() })
    const reply = await eventually(async () => {
      const seen = await askToken('stranded')
      expect(seen.status).toBe(503)
      return seen
    })
    expect(reply.body).toMatchObject({ error: 'provider_unavailable', code: 'ProviderUnavailable' })
    expect(reply.body.authenticationFailed).toBeUndefined()
    expect(reply.headers.get('retry-after')).toBe(String(reply.body.retryAfter))
  })

  it('requires its own scope, and an account that matches the pattern', async () => {
    const { token: writer } = await http.createApiToken({ scopes: ['account:write', 'app:write'] })
    const { token: reader } = await http.createApiToken({ scopes: ['token:read'], accounts: 'ali*' })
    // The first time the API token has to be looked up; after that it is known, and the access token in memory.
    for (let time = 0; time < 3; time++) {
      expect((await http.ask('GET', pathOf('alice'), { token: writer })).status).toBe(403)
      expect((await http.ask('GET', pathOf('alice'), { token: reader })).status).toBe(200)
      expect((await http.ask('GET', pathOf('renewed'), { token: reader })).status).toBe(403)
      expect((await http.ask('POST', pathOf('alice'), { token: reader })).status).toBe(404)
    }
  })

  it('is rate-limited, also for a token in memory', async () => {
    const { token } = await http.createApiToken({ scopes: ['token:read'], perSecond: 5 })
    const replies = []
    for (let i = 0; i < 20; i++) replies.push(await http.ask('GET', pathOf('alice'), { token }))
    const served = replies.filter(({ status }) => status === 200)
    const refused = replies.find(({ status }) => status === 429)
    expect(served.length).toBeGreaterThanOrEqual(5)
    expect(refused?.body).toMatchObject({ error: 'rate_limited', retryAfter: 1 })
  })

  it('writes an audit line with caller, account and time, without the token', async () => {
    await put('audited')
    const { token, id } = await http.createApiToken({ scopes: ['token:read'] })
    const reads = [pathOf('audited'), pathOf('audited'), `${pathOf('audited')}?minValidity=60`]
    for (const path of reads) await http.ask('GET', path, { token })
    const lines = await eventually(() => {
      const found = http.node
        .output()
        .split('\n')
        .filter((line) => line.includes('"token.read"') && line.includes(id))
      expect(found).toHaveLength(reads.length)
      return found
    })
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      reads.map(() => ({
        level: 30,
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        audit: 'token.read',
        who: id,
        account: 'audited',
        address: '127.0.0.1',
        msg: 'token read',
      })),
    )
    expect(http.node.output()).not.toContain('at-audited')
    expect(http.node.output()).not.toContain(token)
  })

  it('returns a changed token at once', async () => {
    await put('changing')
    expect((await askToken('changing')).body.accessToken).toBe('at-changing')
    await put('changing', { accessToken: 'at-newer', refreshToken: 'rt-newer' })
    expect((await askToken('changing')).body).toMatchObject({ accessToken: 'at-newer', generation: 2 })
  })
})

describe('POST /v1/account/:account/oauth-token/reject', () => {
  const reject = (account: string, body: object, options = {}) =>
    http.ask('POST', `${pathOf(account)}/reject`, { body, ...options })

  it('returns a newer token, and the current one for a late report', async () => {
    await http.connectAccount('refused', { policy: 'lazy' })
    const { accessToken } = (await askToken('refused')).body
    const newer = await reject('refused', { generation: 1 })
    expect(newer).toMatchObject({ status: 200, body: { account: 'refused', generation: 2, cached: false } })
    expect(newer.body.accessToken).not.toBe(accessToken)
    expect((await reject('refused', { generation: 1 })).body).toEqual({ ...newer.body, cached: true })
    expect(await reject('refused', {})).toMatchObject({
      status: 400,
      body: { fields: [{ key: 'generation' }] },
    })
  })

  it('requires the scope to read the token', async () => {
    const { token: writer } = await http.createApiToken({ scopes: ['account:write'] })
    const { token: other } = await http.createApiToken({ scopes: ['token:read'], accounts: 'ali*' })
    for (const token of [writer, other])
      expect((await reject('refused', { generation: 1 }, { token })).status).toBe(403)
  })
})

describe('the token API is off by default', () => {
  it('for every API token, and no request turns it on', async () => {
    const node = await http.startNode()
    const url = node.httpUrl()
    const refused = {
      status: 403,
      body: { statusCode: 403, error: 'token_api_disabled', code: 'ApiEndpointDisabled' },
    }
    expect(await http.ask('GET', pathOf('alice'), { url })).toMatchObject(refused)
    const report = { url, body: { generation: 1 } }
    expect(await http.ask('POST', `${pathOf('alice')}/reject`, report)).toMatchObject(refused)
    for (const body of [{ enableOAuthTokensApi: true }, { TOKENBUS_ENABLE_TOKEN_API: true }])
      expect((await http.ask('POST', '/v1/settings', { url, body })).status).toBe(404)
    expect(await http.ask('GET', pathOf('alice'), { url })).toMatchObject(refused)
    expect((await http.ask('GET', pathOf('alice'), { url, token: 'x' })).status).toBe(401)
  })
})
