import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { ask, config, startProvider, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'
import { everyKind, formOf, sent, tokens } from './sent-requests.ts'

describe('HTTP Basic', () => {
  test.each([
    ['e6c5b0f4-6f2a-4d1b_9c.x*', 'A-Z_a.z*0-9', 'e6c5b0f4-6f2a-4d1b_9c.x*:A-Z_a.z*0-9'],
    ['id:1/~', "s p%+!'()", 'id%3A1%2F%7E:s+p%25%2B%21%27%28%29'],
    ['ü-ß', '漢', '%C3%BC-%C3%9F:%E6%BC%A2'],
  ])(
    '%s and %s as application/x-www-form-urlencoded (RFC 6749 appendix B)',
    async (clientId, secret, pair) => {
      const { headers } = await sent('refresh', { clientId }, secret)
      const basic = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString()
      expect(basic).toBe(pair)
    },
  )
})

describe('clientAuth', () => {
  test.each(everyKind)(
    'none, in a %s request: only the client id, even if a secret is stored',
    async (kind) => {
      const seen = await sent(kind, { clientAuth: 'none' })
      expect(formOf(seen)).toMatchObject({ client_id: 'client:1' })
      expect(formOf(seen)).not.toHaveProperty('client_secret')
      expect(seen.headers).not.toHaveProperty('authorization')
    },
  )

  test.each(everyKind)('client_secret_query, in a %s request', async (kind) => {
    const seen = await sent(kind, { clientAuth: 'client_secret_query', tokenBody: 'form' })
    expect(seen.query).toEqual({ client_id: 'client:1', client_secret: 'the secret' })
    expect(formOf(seen)).not.toHaveProperty('client_id')
    expect(formOf(seen)).not.toHaveProperty('client_secret')
  })

  test('client_secret_query appears in no reply and no log', async () => {
    const lines: unknown[] = []
    const logger = {
      warn: (...each: unknown[]) => lines.push(each),
      error: (...each: unknown[]) => lines.push(each),
    }
    const app = { ...config, clientAuth: 'client_secret_query' as const }
    for (const body of ['{"access_token":"at-1"}', '{"error":"invalid_grant"}', '<html>', '']) {
      await using server = await startRawServer((socket) => socket.end(answerBytes({ status: 400, body })))
      await using provider = startProvider({ logger })
      const answer = await provider.refreshToken({
        config: { ...app, tokenUrl: `${server.url}/token` },
        clientSecret: new Secret('the-query-secret'),
        user: 'alice',
        refreshToken: new Secret('refresh-1'),
        timing: { connectMs: 5_000, answerMs: 10_000 },
      })
      expect(JSON.stringify([answer, lines])).not.toContain('the-query-secret')
      expect(server.requests[0]).toContain('the-query-secret')
    }
    await using server = await tokens()
    const answer = await tokensOf(
      ask(server.url, {
        config: { ...app, tokenUrl: `${server.url}/token` },
        clientSecret: new Secret('q-secret'),
      }),
    )
    expect(answer.reached).toEqual({ tokenEndpoint: `${server.url}/token` })
  })
})

describe('tokenBody', () => {
  test.each(everyKind)('json, in a %s request', async (kind) => {
    const seen = await sent(kind, { tokenBody: 'json', clientAuth: 'client_secret_post' })
    expect(seen.headers['content-type']).toBe('application/json')
    expect(JSON.parse(seen.body)).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
  })

  test.each(everyKind)('query, in a %s request: without a body', async (kind) => {
    const seen = await sent(kind, { tokenBody: 'query', clientAuth: 'client_secret_post' })
    expect(seen.query).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
    expect(Object.keys(seen.query).length).toBeGreaterThan(2)
    expect(seen.body).toBe('')
    expect(seen.headers).not.toHaveProperty('content-type')
  })

  test('query with HTTP Basic', async () => {
    const seen = await sent('refresh', { tokenBody: 'query' })
    expect(seen.query).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
    expect(seen.headers.authorization).toMatch(/^Basic /)
  })
})

describe('tokenMethod GET', () => {
  test.each(['refresh', 'code', 'clientCredentials'] as const)(
    'in a %s request: all parameters are in the query',
    async (kind) => {
      const seen = await sent(kind, { tokenMethod: 'GET', clientAuth: 'client_secret_post' })
      expect(seen).toMatchObject({ method: 'GET', path: '/token', body: '' })
      expect(seen.query).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
      expect(seen.query).toHaveProperty('grant_type')
      expect(seen.headers).not.toHaveProperty('content-type')
    },
  )

  test('does not change HTTP Basic and revocation', async () => {
    const seen = await sent('refresh', { tokenMethod: 'GET' })
    expect(seen.headers.authorization).toMatch(/^Basic /)
    expect(seen.query).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
    expect(await sent('revocation', { tokenMethod: 'GET' })).toMatchObject({ method: 'POST' })
  })

  test('as refreshMethod, for refreshes only', async () => {
    const settings = { refreshMethod: 'GET', clientAuth: 'client_secret_post' } as const
    expect(await sent('code', settings)).toMatchObject({ method: 'POST', query: {} })
    expect(await sent('refresh', settings)).toMatchObject({ method: 'GET', body: '' })
  })
})
