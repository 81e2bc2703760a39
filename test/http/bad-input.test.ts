import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { accountRevokeSchema } from '../../src/contract/account.ts'
import { apiTokenCreateSchema } from '../../src/contract/api-token.ts'
import { appSecretAddSchema, appVerifySchema } from '../../src/contract/app.ts'
import { tokenExchangeSchema, tokenRejectSchema } from '../../src/contract/token.ts'
import { accountChangeSchema, accountRegisterSchema } from '../../src/http/account-body.ts'
import { appChangeSchema, appCreateSchema } from '../../src/http/app-body.ts'
import { type HttpCluster, type HttpReply, startHttpCluster } from './http-cluster.ts'
import { rawHttp } from './raw-http.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
})
afterAll(() => http[Symbol.asyncDispose]())

/** Every rejection must be our own complete error body, without internals. */
function expectRefusal({ status, body, headers }: HttpReply, text = JSON.stringify(body)): void {
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(body).toMatchObject({ statusCode: status, error: expect.any(String), message: expect.any(String) })
  expect(text).not.toMatch(/node_modules|\bat \S+ \(|\.[jt]s:\d|SyntaxError|ZodError|FST_/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
}

const marker = 'hunter2-must-not-come-back'

/** A request that is cut off is refused, or gets no answer. */
const answeredOtherwise = /^HTTP\/1\.1 (?!4)/

describe('bodies that do not match their schema', () => {
  it.each<[string, string, z.ZodType]>([
    ['POST', '/v1/account', accountRegisterSchema],
    ['PUT', '/v1/account/somebody', accountChangeSchema],
    ['POST', '/v1/account/somebody/revoke', accountRevokeSchema],
    ['POST', '/v1/account/somebody/oauth-token/exchange', tokenExchangeSchema],
    ['POST', '/v1/account/somebody/oauth-token/reject', tokenRejectSchema],
    ['POST', '/v1/api-tokens', apiTokenCreateSchema],
    ['POST', '/v1/oauth2', appCreateSchema],
    ['PUT', '/v1/oauth2/some-app', appChangeSchema],
    ['POST', '/v1/oauth2/some-app/secrets', appSecretAddSchema],
    ['POST', '/v1/oauth2/some-app/verify', appVerifySchema],
  ])('%s %s', async (method, path, schema) => {
    const names = Object.keys(
      z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties ?? {},
    )
    const wrong = fc.oneof(
      fc.integer(),
      fc.constant(null),
      fc.constant([marker]),
      fc.constant({ deeper: { [marker]: marker } }),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text + marker),
      fc.constant(marker.repeat(1_000)),
    )
    const bodies = fc
      .dictionary(fc.constantFrom(...names, '__proto__', 'constructor', marker), wrong, { minKeys: 1 })
      .filter((body) => !schema.safeParse(body).success)
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const reply = await http.ask(method, path, { body })
        expectRefusal(reply)
        // Fields are named, values never repeated.
        expect(JSON.stringify(reply.body)).not.toContain(marker)
      }),
      { numRuns: 60 },
    )
  })

  it('that are no JSON object', async () => {
    const texts = fc.oneof(
      fc.constantFrom(
        '',
        '{',
        '[]',
        'null',
        '7',
        `"${marker}"`,
        '{"a":1}}',
        `{"refreshToken": ${marker}}`,
        '\ud800',
      ),
      fc.string({ unit: 'binary' }),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const reply = await http.ask('POST', '/v1/account', {
          headers: { 'content-type': 'application/json' },
          text,
        })
        expectRefusal(reply)
        expect(JSON.stringify(reply.body)).not.toContain(marker)
      }),
      { numRuns: 60 },
    )
  })

  it('of another content type', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'x',
    ])
      expectRefusal(await http.ask('POST', '/v1/account', { headers: { 'content-type': type }, text: 'a=b' }))
  })
})

describe('paths and queries', () => {
  it('no path or query causes an internal error', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '%00',
        '%2e%2e',
        '%2F',
        '%zz',
        '%ff',
        '%F0%9F%92%A9',
        '*',
        ':account',
        '__proto__',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text)),
      fc.integer({ min: 200, max: 4_000 }).map((length) => 'x'.repeat(length)),
    )
    const query = fc.dictionary(
      fc.constantFrom('minValidity', 'page', 'pageSize', 'cursor', 'state', 'limit', 'revoke', 'x'),
      fc.constantFrom('', '-1', '1e9', 'NaN', '0x10', '1'.repeat(400), '[]', '%00', 'true', 'a&b=c'),
      { minKeys: 1 },
    )
    const paths = fc.tuple(fc.constantFrom('account', 'accounts', 'oauth2', 'authentication'), piece, query)
    await fc.assert(
      fc.asyncProperty(paths, async ([what, id, asked]) => {
        const path = `/v1/${what}/${id}/oauth-token?${new URLSearchParams(asked)}`
        const reply = await http.ask('GET', path)
        expectRefusal(reply)
      }),
      { numRuns: 150 },
    )
  })

  it('other methods are 404', async () => {
    for (const method of ['PATCH', 'OPTIONS', 'POST', 'TRACE'])
      expect((await rawHttp(http.url, `${method} /v1/accounts HTTP/1.1\r\nhost: x\r\n\r\n`)).status).toBe(404)
  })
})

describe('malformed and incomplete requests', () => {
  const auth = () => `host: x\r\nauthorization: Bearer ${http.adminToken}\r\n`
  const post = () => `POST /v1/account HTTP/1.1\r\n${auth()}content-type: application/json\r\n`
  const kilobytes = 'x'.repeat(32_768)
  const megabytes = 'x'.repeat(2_000_000)

  it.each<[string, () => string, number]>([
    ['not HTTP', () => 'hello\r\n\r\n', 400],
    ['a TLS handshake', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['no host', () => 'GET /livez HTTP/1.1\r\n\r\n', 400],
    ['an invalid header', () => 'GET /livez HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n', 400],
    ['two lengths', () => `${post()}content-length: 5\r\ncontent-length: 6\r\n\r\n{}`, 400],
    [
      'content-length and chunks',
      () => `${post()}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a chunk without length', () => `${post()}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`, 400],
    ['headers of 32 KB', () => `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${kilobytes}\r\n\r\n`, 431],
    ['a path of 32 KB', () => `GET /${kilobytes} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
    ['a content-length of 2 MB', () => `${post()}content-length: 2000000\r\n\r\n`, 413],
    [
      'an API token of 2 KB',
      () => `GET /v1/accounts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'x'.repeat(2_000)}\r\n\r\n`,
      401,
    ],
    ['two API tokens', () => `GET /v1/accounts HTTP/1.1\r\n${auth()}authorization: Bearer tb_x\r\n\r\n`, 200],
  ])('%s', async (_, request, status) => {
    const reply = await rawHttp(http.url, request())
    expect(reply.status).toBe(status)
    if (status !== 200) expect(reply.text).not.toMatch(/node_modules|\bat \S+ \(|\.[jt]s:\d/)
  })

  it.each<[string, () => string]>([
    ['headers', () => `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${megabytes}\r\n\r\n`],
    ['a path', () => `GET /${megabytes} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['chunks', () => `${post()}transfer-encoding: chunked\r\n\r\n1e8480\r\n${megabytes}\r\n0\r\n\r\n`],
  ])('%s of 2 MB are cut off, possibly without a response', async (_, request) => {
    const { text } = await rawHttp(http.url, request())
    expect(text).not.toMatch(answeredOtherwise)
  })

  it.concurrent.each<[string, () => string]>([
    ['a head', () => 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['a body', () => `${post()}content-length: 1000\r\n\r\n{`],
    ['a connection', () => ''],
  ])('%s that never ends is cut off', async (what, request) => {
    const { text } = await rawHttp(http.url, request(), { trickle: what !== 'a connection' })
    expect(text).not.toMatch(answeredOtherwise)
  })

  it('other requests are answered while slow ones are open', async () => {
    const slow = Array.from({ length: 50 }, () => rawHttp(http.url, `${post()}content-length: 9\r\n\r\n`))
    expect((await http.ask('GET', '/v1/accounts')).status).toBe(200)
    await Promise.all(slow)
  })

  it('pipelined requests are each answered, in order', async () => {
    const paths = ['/livez', '/v1/account/nobody', '/v1/nothing', '/v1/accounts', '/livez']
    const requests = paths.map((path, i) => {
      const last = i === paths.length - 1 ? 'connection: close\r\n' : ''
      return `GET ${path} HTTP/1.1\r\n${auth()}${last}\r\n`
    })
    const { text } = await rawHttp(http.url, requests.join(''))
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))).toEqual([
      200, 404, 404, 200, 200,
    ])
  })

  it('the node still works, and has logged no error', async () => {
    expect((await http.ask('GET', '/livez')).status).toBe(200)
    expect(http.node.output()).not.toContain('an HTTP request failed')
    expect(http.node.output()).not.toContain(marker)
    expect(http.node.output()).not.toContain('DeprecationWarning')
  })
})
