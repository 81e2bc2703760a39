import { connect, headers, type NatsConnection } from 'nats'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type NatsServer, startNats } from '../support/nats.ts'
import { runTokenbus } from './run-command.ts'

let server: NatsServer
let nats: NatsConnection
const asked: { subject: string; payload: unknown }[] = []
let answer: (subject: string) => object
let unavailable = false

beforeAll(async () => {
  server = await startNats()
  nats = await connect({ servers: server.url })
  for (const subject of ['token.*.*', 'account.*.*', 'account.list', 'app.>', 'events.*']) {
    nats.subscribe(subject, {
      callback(_, message) {
        asked.push({
          subject: message.subject,
          payload: message.data.length > 0 ? message.json() : undefined,
        })
        const body = JSON.stringify(answer(message.subject))
        const failure = headers()
        failure.set('Nats-Service-Error', 'some_failure')
        message.respond(body, unavailable ? { headers: failure } : {})
      },
    })
  }
  await nats.flush()
})
afterAll(async () => {
  await nats.close()
  await server.stop()
})
beforeEach(() => {
  answer = () => ({ account: 'alice', state: 'valid', accessToken: 'the token' })
})
afterEach(() => {
  asked.length = 0
  unavailable = false
})

const tokenbus = (
  args: string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
) => runTokenbus(args, { stdin, env: { TOKENBUS_NATS_URL: server.url, ...env } })

describe('what is asked', () => {
  it.each<[string[], string, unknown]>([
    [['token', 'alice'], 'token.get.alice', {}],
    [
      ['token', 'alice@example.com', '--min-validity', '300'],
      'token.get.alice@example%2Ecom',
      { minValidity: 300 },
    ],
    [
      ['token', 'alice', '--force', '--if-generation', '3'],
      'token.get.alice',
      { forceRefresh: true, ifGeneration: 3 },
    ],
    [['token', 'alice', '--scope', 'x', 'y'], 'token.get.alice', { scopes: ['x', 'y'] }],
    [['reject', 'alice', '--generation', '3'], 'token.reject.alice', { generation: 3 }],
    [['account', 'get', 'alice'], 'account.get.alice', {}],
    [['account', 'revoke', 'alice'], 'account.revoke.alice', {}],
    [
      ['account', 'revoke', 'alice', '--reason', 'left', '--at-provider'],
      'account.revoke.alice',
      { reason: 'left', revokeAtProvider: true },
    ],
    [
      ['reject', 'alice', '--generation', '3', '--claims', 'e30'],
      'token.reject.alice',
      { generation: 3, claims: 'e30' },
    ],
    [['account', 'delete', 'alice', '--revoke'], 'account.delete.alice', { revokeAtProvider: true }],
    [
      [
        'account',
        'put',
        'alice',
        '--app',
        'a',
        '--user',
        'u',
        '--refresh-token',
        '-',
        '--scope',
        'x',
        'y',
        '--policy',
        'eager',
      ],
      'account.put.alice',
      { app: 'a', user: 'u', refreshToken: 'from stdin', scopes: ['x', 'y'], policy: 'eager' },
    ],
    [
      [
        'app',
        'put',
        'a',
        '--provider',
        'oidc',
        '--client-id',
        'c',
        '--client-secret',
        'env:SECRET',
        '--issuer',
        'https://i',
      ],
      'app.put.a',
      { provider: 'oidc', clientId: 'c', clientSecret: 'from env', issuer: 'https://i' },
    ],
    [['app', 'put', 'a', '--payload', '{"provider":"oidc"}'], 'app.put.a', { provider: 'oidc' }],
    [
      [
        'app',
        'put',
        'a',
        '--setting',
        'pkce=false',
        'scopeSeparator=,',
        'answer={"path":"data"}',
        'redirectUri=N=1',
      ],
      'app.put.a',
      { pkce: false, scopeSeparator: ',', answer: { path: 'data' }, redirectUri: 'N=1' },
    ],
    [
      ['app', 'put', 'a', '--provider', 'outlookService', '--tenant', 't', '--cloud', 'china'],
      'app.put.a',
      { provider: 'outlookService', tenant: 't', cloud: 'china' },
    ],
    [['app', 'secret', 'add', 'a', '--secret', '-'], 'app.secret.add.a', { secret: 'from stdin' }],
    [['app', 'secret', 'remove', 'a', 's1'], 'app.secret.remove.a', { id: 's1' }],
    [['app', 'verify', 'a', '--user', 'u'], 'app.verify.a', { user: 'u' }],
  ])('%j', async (args, subject, payload) => {
    answer = () => ({ app: 'a', state: 'healthy', ok: true, steps: [] })
    const { code, err } = await tokenbus(args, { stdin: 'from stdin\n', env: { SECRET: 'from env' } })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(asked).toEqual([{ subject, payload }])
  })
})

describe('what is printed', () => {
  it('facts, a line each, aligned', async () => {
    expect((await tokenbus(['token', 'alice'])).out).toBe(
      'account      alice\nstate        valid\naccessToken  the token',
    )
  })
  it('with --raw the token alone, with --json the whole answer', async () => {
    expect((await tokenbus(['token', 'alice', '--raw'])).out).toBe('the token')
    expect(JSON.parse((await tokenbus(['--json', 'token', 'alice'])).out)).toMatchObject({
      accessToken: 'the token',
    })
  })
  it('lists as tables, and how to go on', async () => {
    const account = {
      account: 'alice',
      state: 'revoked',
      app: 'a',
      user: 'u',
      generation: 3,
      expires: null,
      reason: 'inactive',
    }
    answer = () => ({ accounts: [account], cursor: 'more' })
    const { out } = await tokenbus(['account', 'list', '--state', 'revoked', '--limit', '1'])
    expect(out.split('\n')).toEqual([
      'ACCOUNT  STATE    APP  USER  GENERATION  EXPIRES  REASON',
      'alice    revoked  a    u     3                    inactive',
      'more: --cursor more, or --all',
    ])
    expect(asked[0]?.payload).toEqual({ state: 'revoked', limit: 1 })
  })
  it('a whole list as its pages come, also where one found nothing', async () => {
    const named = (account: string) => ({
      account,
      state: 'valid',
      app: 'a',
      user: 'u',
      generation: 1,
      expires: null,
    })
    const pages = [
      { accounts: [named('a'), named('b')], cursor: 'one' },
      { accounts: [], cursor: 'two' },
      { accounts: [named('longer than those before')] },
    ]
    answer = () => pages[asked.length - 1] as object
    const filters = { app: 'a', prefix: 'p', user: 'u', reason: 'inactive', search: 's' }
    const options = Object.entries(filters).flatMap(([name, value]) => [`--${name}`, value])
    const { out } = await tokenbus(['account', 'list', '--all', ...options])
    expect(out.split('\n')).toEqual([
      'ACCOUNT  STATE  APP  USER  GENERATION  EXPIRES  REASON',
      'a        valid  a    u     1',
      'b        valid  a    u     1',
      'longer than those before  valid  a    u     1',
    ])
    expect(asked.map(({ payload }) => payload)).toEqual([
      { ...filters, limit: 250 },
      { ...filters, limit: 250, cursor: 'one' },
      { ...filters, limit: 250, cursor: 'two' },
    ])
  })
})

describe('what is verified', () => {
  const steps = [
    { step: 'configuration', ok: true, message: 'usable, for outlook' },
    { step: 'redirect_uri', ok: null, message: 'to be registered' },
    { step: 'credentials', ok: false, message: 'client_secret_expired', action: 'add a new client secret' },
  ]
  it('is a line a step, and exit code 1 where one failed', async () => {
    answer = () => ({ app: 'a', ok: false, steps })
    const { code, out } = await tokenbus(['app', 'verify', 'a'])
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual([
      'ok      configuration  usable, for outlook',
      '-       redirect_uri   to be registered',
      'failed  credentials    client_secret_expired; add a new client secret',
    ])
  })
  it('and 0 where none did', async () => {
    answer = () => ({ app: 'a', ok: true, steps: steps.slice(0, 2) })
    expect((await tokenbus(['app', 'verify', 'a'])).code).toBe(0)
  })
})

describe('events that no stream takes', () => {
  it('are listed, each with why', async () => {
    const event = { id: 'e1', type: 'token.invalid', time: '2026-01-02T03:04:05.000Z', account: 'alice' }
    answer = () => ({ events: [{ ...event, version: 3, reason: 'too large', bytes: 9 }], total: 1 })
    const { code, out } = await tokenbus(['events', 'dead'])
    expect(asked).toEqual([{ subject: 'events.dead', payload: { limit: 100 } }])
    expect(out.split('\n')).toEqual([
      'e1  2026-01-02T03:04:05.000Z  token.invalid alice  version 3  9 bytes  too large',
      '1 of 1',
    ])
    expect(code).toBe(0)
  })

  it('are retried and dropped, one or all; exit code 1 where the one is not there', async () => {
    answer = () => ({ retried: 0, dropped: 2 })
    expect(await tokenbus(['events', 'retry', 'e1'])).toMatchObject({ code: 1, out: '0 retried' })
    expect(await tokenbus(['events', 'drop', '--all'])).toMatchObject({ code: 0, out: '2 dropped' })
    expect(asked).toEqual([
      { subject: 'events.retry', payload: { id: 'e1' } },
      { subject: 'events.drop', payload: { all: true } },
    ])
  })
})

describe('what goes wrong', () => {
  it('a failure is told on stderr, with what to do, and exit code 1', async () => {
    unavailable = true
    answer = () => ({
      error: 'grant_revoked',
      message: 'the grant has ended',
      action: 'ask the user to reconnect',
    })
    expect(await tokenbus(['token', 'alice'])).toEqual({
      code: 1,
      out: '',
      err: 'grant_revoked: the grant has ended\n  action  ask the user to reconnect',
    })
    expect(JSON.parse((await tokenbus(['--json', 'token', 'alice'])).err)).toMatchObject({
      error: 'grant_revoked',
    })
  })
  it.each([
    [['token'], /missing required argument/],
    [['tokken', 'alice'], /Did you mean token/],
    [['token', 'alice', '--min-validity', 'long'], /must be a whole number/],
    [['account', 'put', 'a', '--policy', 'sometimes'], /Allowed choices are eager, lazy, adaptive/],
    [['account', 'put', 'a', '--refresh-token', 'in-plain-text'], /standard input/],
    [['app', 'put', 'a', '--payload', 'not json'], /must be a JSON object/],
    [['app', 'put', 'a', '--setting', 'pkce'], /--setting pkce: must be name=value/],
    [['events', 'drop'], /name one event by its id, or say --all/],
    [['events', 'retry', 'e1', '--all'], /name one event by its id, or say --all/],
  ])('wrong usage is exit code 2: %j', async (args, sentence) => {
    const { code, err } = await tokenbus(args)
    expect(code).toBe(2)
    expect(err).toMatch(sentence)
    expect(err).not.toContain('in-plain-text')
    expect(asked).toEqual([])
  })
  it('nobody there is exit code 3, and a sentence that says what to do', async () => {
    const nowhere = await tokenbus(['token', 'alice'], {
      env: { TOKENBUS_NATS_URL: '', TOKENBUS_DATA_DIR: '/nowhere' },
    })
    expect(nowhere).toMatchObject({
      code: 3,
      err: expect.stringMatching(/npm start, or set TOKENBUS_NATS_URL/),
    })
    const away = await tokenbus(['token', 'alice'], { env: { TOKENBUS_NATS_URL: 'nats://127.0.0.1:1' } })
    expect(away.code).toBe(3)
  })
})
