import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { readTokenAnswer } from '../../src/provider/read-token-answer.ts'
import { ask, config, refusalOf, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

const date = new Date(Math.floor(Date.now() / 1_000) * 1_000)
const now = date.getTime() / 1_000

async function answered(body: unknown, settings: Partial<AppConfig> = {}, status = 200) {
  const bytes = answerBytes({ status, body: JSON.stringify(body), headers: { date: date.toUTCString() } })
  await using server = await startRawServer((socket) => socket.end(bytes))
  return await ask(server.url, { config: { ...config, tokenUrl: server.url, ...settings } })
}

const tokensIn = async (body: object, settings?: Partial<AppConfig>) =>
  tokensOf(await answered({ access_token: 'at-1', ...body }, settings))

describe('the lifetime of a token', () => {
  test.each<[string, object, number | undefined, Partial<AppConfig>?]>([
    ['nothing', {}, undefined],
    ['zero, for never', { expires_in: 0 }, undefined],
    ['seconds', { expires_in: 3_600 }, 3_600],
    ['text', { expires_in: '3600' }, 3_600],
    ['a fraction', { expires_in: 3_599.5 }, 3_599.5],
    ['milliseconds and seconds', { expires_in: 3_600_000, expires_in_sec: 3_600 }, 3_600],
    ['more than ten years in seconds, so milliseconds', { expires_in: 5_184_000_000 }, 5_184_000],
    ['an epoch in seconds', { expires_in: now + 7_200 }, 7_200],
    ['an epoch in milliseconds', { expires_in: (now + 7_200) * 1_000 }, 7_200],
    [
      'milliseconds by the app’s settings',
      { expires_in: 3_600_000 },
      3_600,
      { answer: { expiresInUnit: 'ms' } },
    ],
    [
      'seconds by the app’s settings',
      { expires_in: 400_000_000 },
      315_360_000,
      { answer: { expiresInUnit: 's' } },
    ],
    ['expires_at in seconds', { expires_at: now + 7_200 }, 7_200],
    ['expires_at in milliseconds', { expires_at: (now + 7_200) * 1_000 }, 7_200],
    ['expires_at as text', { expires_at: String(now + 7_200) }, 7_200],
    ['expires_at as a date', { expires_at: new Date((now + 7_200) * 1_000).toISOString() }, 7_200],
    [
      'expires_at without a zone',
      { expires_at: new Date((now + 7_200) * 1_000).toISOString().slice(0, 19) },
      7_200,
    ],
    ['expires_at that has passed', { expires_at: now - 60 }, 1],
    ['invalid expires_at', { expires_at: 'tomorrow' }, undefined],
    ['expires_on', { expires_on: String(now + 7_200) }, 7_200],
    ['expires_in before expires_at', { expires_in: 60, expires_at: now + 7_200 }, 60],
    ['longer than maxTokenLife', { expires_in: 86_400 }, 3_600, { maxTokenLife: 3_600 }],
    ['shorter than maxTokenLife', { expires_in: 60 }, 60, { maxTokenLife: 3_600 }],
    [
      'a provider’s own name',
      { access_token_expiration: now + 7_200 },
      7_200,
      { answer: { names: { expires_at: 'access_token_expiration' } } },
    ],
  ])('%s', async (_, body, seconds, settings) => {
    expect((await tokensIn(body, settings)).expiresIn).toBe(seconds)
  })

  test.each([
    ['refresh_token_expires_in', 86_400],
    ['refresh_expires_in', '86400'],
    ['x_refresh_token_expires_in', 86_400],
    ['refresh_token_expires_at', now + 86_400],
  ])('of a refresh token, as %s', async (name, value) => {
    expect((await tokensIn({ [name]: value })).refreshTokenExpiresIn).toBe(86_400)
  })
})

describe('granted scopes', () => {
  test.each([
    ['spaces', 'read write'],
    ['commas', 'read,write'],
    ['commas and spaces', 'read, write'],
    ['newlines', 'read\nwrite\n'],
    ['a list', ['read', 'write']],
    ['a list of lists', ['read write']],
  ])('with %s', async (_, scope) => {
    expect((await tokensIn({ scope })).scopes).toEqual(['read', 'write'])
  })

  test.each([[''], [' '], [[]], [null], [7], [{}]])(
    'that are empty or no text (%j) are treated as absent',
    async (scope) => {
      expect((await tokensIn({ scope })).scopes).toBeUndefined()
    },
  )
})

describe('answer', () => {
  test('path: the object that contains the tokens', async () => {
    const body = {
      ok: true,
      access_token: 'of the bot',
      authed_user: { access_token: 'of the user', refresh_token: 'refresh-2', expires_in: 60, scope: 'a,b' },
    }
    const answer = await tokensOf(await answered(body, { answer: { path: 'authed_user' } }))
    expect(answer.accessToken.reveal()).toBe('of the user')
    expect(answer.refreshToken?.reveal()).toBe('refresh-2')
    expect(answer).toMatchObject({ expiresIn: 60, scopes: ['a', 'b'] })
  })

  test('path: a missing token is not taken from elsewhere', async () => {
    const body = { access_token: 'of the bot', authed_user: { id: 'U1' } }
    expect(await refusalOf(answered(body, { answer: { path: 'authed_user' } }))).toMatchObject({
      reason: 'no_token_in_answer',
    })
  })

  test('path: a refresh response in the standard format is accepted', async () => {
    const answer = await tokensIn({}, { answer: { path: 'authed_user' } })
    expect(answer.accessToken.reveal()).toBe('at-1')
  })

  test('names, with dots, inside the path or outside', async () => {
    const body = { data: { token: { value: 'at-9' }, refreshToken: 'refresh-9' }, ttl: 60 }
    const names = { access_token: 'token.value', refresh_token: 'refreshToken', expires_in: 'ttl' }
    const answer = await tokensOf(await answered(body, { answer: { path: 'data', names } }))
    expect(answer.accessToken.reveal()).toBe('at-9')
    expect(answer.refreshToken?.reveal()).toBe('refresh-9')
    expect(answer.expiresIn).toBe(60)
  })

  test.each(['__proto__', 'constructor.name', 'toString'])(
    'names of built-in properties (%s) are not found',
    async (own) => {
      const answer = { names: { access_token: own } }
      expect((await refusalOf(answered({}, { answer }))).reason).toBe('no_token_in_answer')
    },
  )

  test('an error is read outside the path', async () => {
    const body = { data: {}, error: 'invalid_grant' }
    expect(await refusalOf(answered(body, { answer: { path: 'data' } }, 400))).toMatchObject({ class: 'R' })
  })
})

const names = [
  ...['access_token', 'expires_in', 'expires_at', 'scope', 'error', 'errors', 'status', 'code', 'errcode'],
  ...['reason', 'message', 'type', 'data', 'resource', 'field', 'errorType', 'claims', 'error_codes', 'ok'],
]
const { answerBody } = fc.letrec((tie) => ({
  answerBody: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      '',
      'invalid_grant',
      'OAuthException',
      'Invalid refresh token',
      1e308,
      -1,
      0,
      190,
      null,
      true,
    ),
    fc.jsonValue({ maxDepth: 1 }),
    tie('answerBody'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}))

test('any response of a provider is parsed, and errors about it are bounded', () => {
  const settings = fc.constantFrom<Partial<AppConfig>>(
    {},
    { answer: { path: 'data.code' } },
    { answer: { names: { access_token: 'data.type', expires_in: 'status' }, expiresInUnit: 'ms' } },
  )
  fc.assert(
    fc.property(
      answerBody,
      settings,
      fc.constantFrom(200, 400, 401, 403, 500),
      fc.boolean(),
      (body, own, status, worked) => {
        const answer = readTokenAnswer({
          exchange: { kind: 'answered', status, headers: {}, body: Buffer.from(JSON.stringify(body)) },
          config: { provider: 'oidc', grant: 'authorization_code', ...own },
          workedBefore: worked,
          now: Date.now(),
          providerNow: Date.now(),
        })
        if (answer.kind === 'tokens') {
          expect(answer.expiresIn ?? 1).toBeGreaterThan(0)
          expect(answer.expiresIn ?? 1).toBeLessThanOrEqual(315_360_000)
          return
        }
        const { error, suberror = 'x', codes = [] } = answer.refusal.providerError
        for (const word of [error, suberror]) expect(word).toMatch(/^[\w.:-]{1,40}$/)
        expect(codes.length).toBeLessThanOrEqual(20)
      },
    ),
    { numRuns: 2_000 },
  )
})
