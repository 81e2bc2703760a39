import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { ask, config, startProvider, timing, tokensOf } from './ask.ts'
import { type Answer, answerBytes, startRawServer } from './raw-server.ts'

async function answered(answer: Answer) {
  await using server = await startRawServer((socket) => socket.end(answerBytes(answer)))
  return await tokensOf(ask(server.url))
}

const json = (body: unknown): Answer => ({ status: 200, body: JSON.stringify(body) })

async function sent(options: Parameters<typeof ask>[1]) {
  await using server = await startRawServer((socket) =>
    socket.end(answerBytes(json({ access_token: 'at-1' }))),
  )
  await tokensOf(ask(`${server.url}/token?tenant=1`, options))
  const [head = '', body = ''] = (server.requests[0] ?? '').split('\r\n\r\n')
  return { head, form: Object.fromEntries(new URLSearchParams(body)) }
}

describe('a token response', () => {
  test('with all fields is read completely', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const answer = await answered({
      ...json({
        access_token: 'at-1',
        token_type: 'Bearer',
        refresh_token: 'refresh-2',
        expires_in: 3600,
        refresh_token_expires_in: 86_400,
        scope: 'openid  mail',
      }),
      headers: { date },
    })
    expect(answer).toMatchObject({
      expiresIn: 3600,
      refreshTokenExpiresIn: 86_400,
      scopes: ['openid', 'mail'],
    })
    expect(answer.accessToken.reveal()).toBe('at-1')
    expect(answer.refreshToken?.reveal()).toBe('refresh-2')
    expect(Math.abs((answer.dateSkewMs ?? 0) - 3_600_000)).toBeLessThan(600_000)
    expect(JSON.stringify(answer)).not.toMatch(/at-1|refresh-2/)
  })

  test('with the access token only is accepted', async () => {
    const answer = await answered(json({ access_token: 'at-1' }))
    expect(Object.keys(answer)).toEqual(['kind', 'accessToken', 'reached'])
  })

  test.each([
    ['no JSON', '{'],
    ['no claims', '{"a":1}'],
    ['no text', 7],
  ])('with claims that are %s loses nothing else', async (_, claims) => {
    const answer = await answered(json({ access_token: 'at-1', refresh_token: 'refresh-2', claims }))
    expect(answer.refreshToken?.reveal()).toBe('refresh-2')
  })

  test('with the same refresh token has no new one', async () => {
    const answer = await answered(json({ access_token: 'at-1', refresh_token: 'refresh-1' }))
    expect(answer.refreshToken).toBeUndefined()
  })

  test.each([
    ['text', '3600', 3600],
    ['null', null, undefined],
    ['zero', 0, undefined],
    ['negative', -5, undefined],
    ['no number', 'an hour', undefined],
    ['longer than dates are', 1e300, 315_360_000],
  ])('with expires_in as %s', async (_, given, read) => {
    const answer = await answered(
      json({ access_token: 'at-1', expires_in: given, refresh_token: 'refresh-2' }),
    )
    expect(answer.expiresIn).toBe(read)
    expect(answer.refreshToken?.reveal()).toBe('refresh-2')
  })

  test('with an unknown token type or an invalid ID token loses nothing', async () => {
    const odd = {
      access_token: 'at-1',
      token_type: 'odd',
      id_token: 'x',
      scope: 7,
      refresh_token: 'refresh-2',
    }
    const answer = await answered(json(odd))
    expect(answer.refreshToken?.reveal()).toBe('refresh-2')
  })

  test('with status 201, a byte order mark or unrequested compression is accepted', async () => {
    const body = Buffer.from('\ufeff{"access_token":"at-1"}')
    await answered({ status: 201, body })
    await answered({ status: 200, body: gzipSync(body), headers: { 'content-encoding': 'gzip' } })
  })
})

describe('a token request', () => {
  test('with client_secret_basic encodes id and secret (RFC 6749 §2.3.1)', async () => {
    const { head, form } = await sent({ clientSecret: new Secret('a:b c%') })
    const basic = Buffer.from('client%3A1:a%3Ab+c%25').toString('base64')
    expect(head).toContain(`authorization: Basic ${basic}`)
    expect(head).toMatch(/^POST \/token\?tenant=1 HTTP\/1.1/)
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
  })

  test('with client_secret_post has the secret in the body', async () => {
    await using server = await startRawServer((socket) =>
      socket.end(answerBytes(json({ access_token: 'at-1' }))),
    )
    await ask(server.url, { config: { ...config, tokenUrl: server.url, clientAuth: 'client_secret_post' } })
    const [head = '', body = ''] = (server.requests[0] ?? '').split('\r\n\r\n')
    expect(head).not.toContain('authorization')
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      client_id: 'client:1',
      client_secret: 'the client secret',
    })
  })

  test('has scopes only if requested, and then invalid_scope is no refusal of the grant', async () => {
    const { form } = await sent({ scopes: ['mail', 'files'] })
    expect(form.scope).toBe('mail files')
    await using server = await startRawServer((socket) =>
      socket.end(answerBytes({ status: 400, body: '{"error":"invalid_scope"}' })),
    )
    const answer = await ask(server.url, { scopes: ['mail'], workedBefore: true })
    expect(answer).toMatchObject({ refusal: { class: 'C' } })
  })

  test('without a secret has only the client id', async () => {
    await using server = await startRawServer((socket) =>
      socket.end(answerBytes(json({ access_token: 'at-1' }))),
    )
    await using provider = startProvider()
    await provider.refreshToken({
      config: { ...config, tokenUrl: server.url },
      user: 'alice',
      refreshToken: new Secret('refresh-1'),
      timing,
    })
    expect(server.requests[0]).toContain('client_id=client%3A1')
    expect(server.requests[0]).not.toContain('authorization')
  })
})
