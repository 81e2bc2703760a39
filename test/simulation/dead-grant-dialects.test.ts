import { afterAll, describe, expect, it } from 'vitest'
import { readTokenAnswer } from '../../src/provider/read-token-answer.ts'
import type { TokenAnswer } from '../../src/provider/token-answer.ts'
import { setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second

interface Said {
  readonly status: number
  readonly body?: unknown
}

/** The response of one server, and the expected outcome: by its error code, or by comparison. */
interface Dialect {
  readonly dead: Said
  readonly wrongSecret: Said
  readonly reason: string
  readonly class: 'A' | 'S'
  readonly within: number
}

const word = (status: number, error: string): Said => ({ status, body: { error } })
const known = { reason: 'grant_revoked', class: 'A', within: 5 * second } as const
/** An error code that other providers use for a client: a control, or another grant, is the evidence. */
const accused = { reason: 'refused_for_this_grant', class: 'S', within: 2 * minute } as const
/** Words that might mean anything: four times over ten minutes, while others succeed. */
const compared = { reason: 'refused_in_unknown_words', class: 'S', within: 20 * minute } as const

const dialects: Readonly<Record<string, Dialect>> = {
  'RFC 6749': { dead: word(400, 'invalid_grant'), wrongSecret: word(401, 'invalid_client'), ...known },
  Slack: { dead: word(200, 'invalid_refresh_token'), wrongSecret: word(200, 'bad_client_secret'), ...known },
  GitHub: {
    dead: word(200, 'bad_refresh_token'),
    wrongSecret: word(200, 'incorrect_client_credentials'),
    ...known,
  },
  'HubSpot, status': {
    dead: { status: 400, body: { status: 'BAD_REFRESH_TOKEN' } },
    wrongSecret: { status: 400, body: { status: 'BAD_CLIENT_SECRET' } },
    ...known,
  },
  'HubSpot, status and error': {
    dead: { status: 400, body: { status: 'BAD_REFRESH_TOKEN', error: 'invalid_request' } },
    wrongSecret: { status: 400, body: { status: 'BAD_CLIENT_SECRET', error: 'invalid_request' } },
    ...known,
  },
  Fitbit: {
    dead: { status: 400, body: { errors: [{ errorType: 'invalid_grant' }], success: false } },
    wrongSecret: { status: 401, body: { errors: [{ errorType: 'invalid_client' }] } },
    ...known,
  },
  Strava: {
    dead: {
      status: 400,
      body: { errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }] },
    },
    wrongSecret: {
      status: 400,
      body: { errors: [{ resource: 'Application', field: 'client_secret', code: 'invalid' }] },
    },
    ...known,
  },
  Meta: {
    dead: { status: 400, body: { error: { type: 'OAuthException', code: 190, error_subcode: 458 } } },
    wrongSecret: { status: 400, body: { error: { type: 'OAuthException', code: 1 } } },
    ...known,
    reason: 'consent_withdrawn',
  },
  Twitch: {
    dead: { status: 400, body: { status: 400, message: 'Invalid refresh token' } },
    wrongSecret: { status: 403, body: { status: 403, message: 'invalid client secret' } },
    ...known,
  },
  WeChat: {
    dead: { status: 200, body: { errcode: 40_030, errmsg: 'invalid refresh_token' } },
    wrongSecret: { status: 200, body: { errcode: 40_125, errmsg: 'invalid appsecret' } },
    ...known,
  },
  'Zoom, invalid_request': {
    dead: { status: 400, body: { error: 'invalid_request', reason: 'Invalid Token!' } },
    wrongSecret: word(401, 'invalid_client'),
    ...known,
  },
  Zoho: { dead: word(200, 'invalid_code'), wrongSecret: word(200, 'invalid_client'), ...known },
  Atlassian: { dead: word(403, 'unauthorized_client'), wrongSecret: word(401, 'access_denied'), ...accused },
  X: { dead: word(400, 'invalid_request'), wrongSecret: word(401, 'unauthorized_client'), ...compared },
  Naver: { dead: word(200, 'invalid_request'), wrongSecret: word(200, 'invalid_client'), ...compared },
  LemonLDAP: { dead: word(400, 'invalid_request'), wrongSecret: word(401, 'invalid_client'), ...compared },
  'Laravel Passport': {
    dead: { status: 401, body: { error: 'invalid_request', hint: 'Token has been revoked' } },
    wrongSecret: word(401, 'invalid_client'),
    ...compared,
  },
  Glewlwyd: { dead: { status: 400 }, wrongSecret: { status: 400 }, ...compared },
  'a word nobody knows': {
    dead: word(418, 'moon_phase'),
    wrongSecret: word(401, 'invalid_client'),
    ...compared,
  },
}

/** What tokenbus makes of such an answer. */
function read({ status, body }: Said, workedBefore: boolean): TokenAnswer {
  const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const headers = { 'content-type': 'application/json' }
  return readTokenAnswer({
    exchange: { kind: 'answered', status, headers, body: bytes },
    config: { provider: 'oidc', grant: 'authorization_code' },
    workedBefore,
    now: 0,
    providerNow: 0,
  })
}

const rows: string[] = []
afterAll(() => void process.stdout.write(`${rows.join('\n')}\n`))

describe('a grant that ends while another of its app works', () => {
  it.each(Object.entries(dialects))('is announced, with the error codes of %s', async (name, dialect) => {
    const stage = await setStage({ life: minute })
    const { provider, published } = stage
    provider.dialect.unknownToken = read(dialect.dead, true)
    provider.dialect.wrongSecret = read(dialect.wrongSecret, true)
    const alice = await stage.connect('alice', { rotation: 'none', fresh: true })
    await stage.connect('bob', { rotation: 'none', fresh: true })
    await stage.pass(3 * minute)

    provider.strange.set(alice.id, (workedBefore) => read(dialect.dead, workedBefore))
    const before = stage.sendings('alice').length
    await stage.pass(dialect.within + 2 * minute)
    const [first] = stage.sendings('alice').slice(before)
    const told = published.filter(({ type }) => type.startsWith('token.invalid') || type.startsWith('app.'))
    expect(told.map(({ type, ref }) => [type, ref.id])).toEqual([['token.invalid', 'alice']])
    const { reason, class: failureClass, time } = JSON.parse(told[0]?.body ?? '{}')
    expect({ reason, class: failureClass }).toEqual({ reason: dialect.reason, class: dialect.class })
    const took = Date.parse(time) - (first?.sentAt ?? 0)
    expect(took).toBeLessThanOrEqual(dialect.within)
    expect(await stage.get(0, 'bob')).toHaveProperty('accessToken')
    const requests = stage.sendings('alice').length - before
    rows.push(
      `${name.padEnd(26)} ${reason.padEnd(25)} ${failureClass}  ${(took / 1_000).toFixed(1).padStart(7)} s  ${requests} requests`,
    )
  })
})
