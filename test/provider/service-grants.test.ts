import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { createEndpoints } from '../../src/provider/endpoints.ts'
import { createHttp } from '../../src/provider/http.ts'
import { createProviderClocks } from '../../src/provider/provider-clocks.ts'
import { createTokenRequests } from '../../src/provider/token-request.ts'
import { config, refusalOf, timing, tokensOf } from './ask.ts'
import { type Kind, keyFile, pemOf, publicKeyOf } from './keys.ts'
import { type Answer, answerBytes, startRawServer } from './raw-server.ts'

const robot = 'robot@project.iam.gserviceaccount.com'
const scopes = ['https://mail.google.com/', 'https://www.googleapis.com/auth/calendar']
const tokens: Answer = { status: 200, body: '{"access_token":"at-1","expires_in":3599}' }

/** A token endpoint with given responses, and a node whose clock is off by `skew` milliseconds. */
async function start(answers: (count: number) => Answer, skew = 0) {
  const server = await startRawServer((socket) => socket.end(answerBytes(answers(server.requests.length))))
  const http = createHttp({ allowPrivate: true })
  const alarms: unknown[] = []
  const { refreshToken } = createTokenRequests({
    http,
    endpoints: createEndpoints({ http, allowPrivate: true }),
    clocks: createProviderClocks(() => Date.now() + skew),
    logger: { error: (line: unknown) => alarms.push(line) },
  })
  const app = { ...config, provider: 'gmailService', grant: 'jwt_bearer', clientId: robot, scopes } as const
  const tokenUrl = `${server.url}/token`
  return {
    alarms,
    tokenUrl,
    mint: (key = keyFile()) =>
      refreshToken({
        config: { ...app, tokenUrl },
        clientSecret: new Secret(key),
        user: 'alice@example.com',
        timing,
      }),
    forms: () =>
      server.requests.map((each) => Object.fromEntries(new URLSearchParams(each.split('\r\n\r\n')[1]))),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await http.close()
    },
  }
}

const date = (ahead = 0) => ({ date: new Date(Date.now() + ahead).toUTCString() })
const verified = (form: Record<string, string> | undefined, audience: string, kind: Kind = 'rsa') =>
  jwtVerify(form?.assertion ?? '', publicKeyOf(kind), {
    audience,
    issuer: robot,
    subject: 'alice@example.com',
  })

describe('a service account', () => {
  test('asserts the user, and sends nothing else', async () => {
    await using at = await start(() => tokens)
    const answer = await tokensOf(at.mint())
    expect(answer).toMatchObject({ expiresIn: 3599, scopes })
    expect(answer.refreshToken).toBeUndefined()
    const [form] = at.forms()
    expect(Object.keys(form ?? {})).toEqual(['grant_type', 'assertion'])
    expect(form?.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload, protectedHeader } = await verified(form, at.tokenUrl)
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    expect(payload.scope).toBe(scopes.join(' '))
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3_600)
    expect(payload.iat).toBeLessThanOrEqual(Date.now() / 1_000)
  })

  test('signs a new assertion for each request', async () => {
    await using at = await start(() => tokens)
    await tokensOf(at.mint())
    await tokensOf(at.mint())
    const [first, second] = at.forms()
    expect(first?.assertion).not.toBe(second?.assertion)
  })

  test('with only a PEM key sends no key id', async () => {
    await using at = await start(() => tokens)
    await tokensOf(at.mint(pemOf('rsa')))
    const [form] = at.forms()
    await verified(form, at.tokenUrl)
    expect(decodeProtectedHeader(form?.assertion ?? '')).toEqual({ alg: 'RS256', typ: 'JWT' })
  })
})

describe('a clock difference to the provider', () => {
  const hour = 3_600_000
  const refusal = (headers: Record<string, string>): Answer => ({
    status: 400,
    headers,
    body: JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT' }),
  })

  test('is a temporary failure with a metric, and corrected in the next attempt', async () => {
    await using at = await start(
      (count) => (count === 1 ? refusal(date()) : { ...tokens, headers: date() }),
      hour,
    )
    expect(await refusalOf(at.mint())).toMatchObject({
      class: 'T',
      reason: 'clock_skew',
      recoverable: true,
      inDoubt: false,
    })
    expect(at.alarms).toMatchObject([{ reason: 'clock_skew' }])
    await tokensOf(at.mint())
    const [wrong, right] = at.forms()
    await expect(verified(wrong, at.tokenUrl)).rejects.toThrow('nbf')
    await verified(right, at.tokenUrl)
  })

  test('is learnt from successful responses too', async () => {
    await using at = await start(() => ({ ...tokens, headers: date(2 * hour) }))
    await tokensOf(at.mint())
    await tokensOf(at.mint())
    const { payload } = await jwtVerify(at.forms()[1]?.assertion ?? '', publicKeyOf('rsa'), {
      currentDate: new Date(Date.now() + 2 * hour),
    })
    expect(Math.abs((payload.iat ?? 0) * 1_000 - Date.now() - 2 * hour)).toBeLessThan(hour)
  })

  test('does not explain a refusal if the clocks agree', async () => {
    await using at = await start(() => refusal(date()))
    expect(await refusalOf(at.mint())).toMatchObject({ class: 'S', reason: 'assertion_rejected' })
    expect(at.alarms).toEqual([])
  })

  test('is assumed if the provider’s time is unknown', async () => {
    await using at = await start(() => refusal({}))
    expect(await refusalOf(at.mint())).toMatchObject({ class: 'T', reason: 'clock_skew' })
  })
})
