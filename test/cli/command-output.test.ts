import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { useAnsweringBus } from './answering-bus.ts'

const bus = useAnsweringBus()
const { tokenbus } = bus

describe('output', () => {
  it('prints fields with aligned names, one per line', async () => {
    expect((await tokenbus(['token', 'alice'])).out).toBe(
      'account      alice\nstate        valid\naccessToken  the token',
    )
  })
  it('prints the token alone with --raw, the whole reply with --json', async () => {
    expect((await tokenbus(['token', 'alice', '--raw'])).out).toBe('the token')
    expect(JSON.parse((await tokenbus(['--json', 'token', 'alice'])).out)).toMatchObject({
      accessToken: 'the token',
    })
  })
  it('prints lists as tables, with the cursor of the next page', async () => {
    const account = {
      account: 'alice',
      state: 'revoked',
      app: 'a',
      user: 'u',
      generation: 3,
      expires: null,
      reason: 'inactive',
    }
    bus.answer = () => ({ accounts: [account], cursor: 'more' })
    const { out } = await tokenbus(['account', 'list', '--state', 'revoked', '--limit', '1'])
    expect(out.split('\n')).toEqual([
      'ACCOUNT  STATE    APP  USER  GENERATION  EXPIRES  REASON',
      'alice    revoked  a    u     3                    inactive',
      'more: --cursor more, or --all',
    ])
    expect(bus.asked[0]?.payload).toEqual({ state: 'revoked', limit: 1 })
  })
  it('prints a whole list page by page, including empty pages', async () => {
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
    bus.answer = () => pages[bus.asked.length - 1] as object
    const filters = { app: 'a', prefix: 'p', user: 'u', reason: 'inactive', search: 's' }
    const options = Object.entries(filters).flatMap(([name, value]) => [`--${name}`, value])
    const { out } = await tokenbus(['account', 'list', '--all', ...options])
    expect(out.split('\n')).toEqual([
      'ACCOUNT  STATE  APP  USER  GENERATION  EXPIRES  REASON',
      'a        valid  a    u     1',
      'b        valid  a    u     1',
      'longer than those before  valid  a    u     1',
    ])
    expect(bus.asked.map(({ payload }) => payload)).toEqual([
      { ...filters, limit: 250 },
      { ...filters, limit: 250, cursor: 'one' },
      { ...filters, limit: 250, cursor: 'two' },
    ])
  })
})

describe('app verify', () => {
  const steps = [
    { step: 'configuration', ok: true, message: 'usable, for outlook' },
    { step: 'redirect_uri', ok: null, message: 'to be registered' },
    { step: 'credentials', ok: false, message: 'client_secret_expired', action: 'add a new client secret' },
  ]
  it('prints one line per step, and exits with 1 if one failed', async () => {
    bus.answer = () => ({ app: 'a', ok: false, steps })
    const { code, out } = await tokenbus(['app', 'verify', 'a'])
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual([
      'ok      configuration  usable, for outlook',
      '-       redirect_uri   to be registered',
      'failed  credentials    client_secret_expired; add a new client secret',
    ])
  })
  it('exits with 0 if none failed', async () => {
    bus.answer = () => ({ app: 'a', ok: true, steps: steps.slice(0, 2) })
    expect((await tokenbus(['app', 'verify', 'a'])).code).toBe(0)
  })
})

describe('dead letters', () => {
  it('are listed with their reasons', async () => {
    const event = { id: 'e1', type: 'token.invalid', time: '2026-01-02T03:04:05.000Z', account: 'alice' }
    bus.answer = () => ({ events: [{ ...event, version: 3, reason: 'too large', bytes: 9 }], total: 1 })
    const { code, out } = await tokenbus(['events', 'dead'])
    expect(bus.asked).toEqual([{ subject: 'events.dead', payload: { limit: 100 } }])
    expect(out.split('\n')).toEqual([
      'e1  2026-01-02T03:04:05.000Z  token.invalid alice  version 3  9 bytes  too large',
      '1 of 1',
    ])
    expect(code).toBe(0)
  })

  it('are retried and dropped, one or all; an unknown id exits with 1', async () => {
    bus.answer = () => ({ retried: 0, dropped: 2 })
    expect(await tokenbus(['events', 'retry', 'e1'])).toMatchObject({ code: 1, out: '0 retried' })
    expect(await tokenbus(['events', 'drop', '--all'])).toMatchObject({ code: 0, out: '2 dropped' })
    expect(bus.asked).toEqual([
      { subject: 'events.retry', payload: { id: 'e1' } },
      { subject: 'events.drop', payload: { all: true } },
    ])
  })
})

describe('failures', () => {
  it('a failure is printed on stderr with its action, and exits with 1', async () => {
    bus.unavailable = true
    bus.answer = () => ({
      error: 'grant_revoked',
      message: 'the grant has ended',
      action: 'ask the user to reconnect',
    })
    expect(await tokenbus(['token', 'alice'])).toEqual({
      code: 1,
      out: '',
      err: 'grant_revoked: the grant has ended\n  action  ask the user to reconnect\n  more    tokenbus explain grant_revoked',
    })
    expect(JSON.parse((await tokenbus(['--json', 'token', 'alice'])).err)).toMatchObject({
      error: 'grant_revoked',
    })
  })
  it('explain prints what a failure and its reason mean and what to do, without a connection', async () => {
    bus.unavailable = true
    const { code, out } = await tokenbus(['explain', 'client_secret_expired'])
    expect(code).toBe(0)
    expect(out).toMatch(/^failure .*client_secret_expired$/m)
    expect(out).toMatch(/^to do .*add a new client secret$/m)
    const [, path = '', line] = [...out.matchAll(/^see +(\S+):(\d+)$/gm)].at(-1) ?? []
    expect(readFileSync(path, 'utf8').split('\n')[Number(line) - 1]).toContain(
      'id="reason-client_secret_expired"',
    )
    expect(await tokenbus(['explain', 'no_such_word'])).toMatchObject({ code: 1, out: '' })
  })
  it.each([
    [['token'], /missing required argument/],
    [['tokken', 'alice'], /Did you mean token/],
    [['token', 'alice', '--min-validity', 'long'], /must be a whole number/],
    [['account', 'put', 'a', '--policy', 'sometimes'], /Allowed choices are eager, lazy, adaptive/],
    [['account', 'put', 'a', '--refresh-token', 'in-plain-text'], /standard input/],
    [['app', 'put', 'a', '--payload', 'not json'], /must be a JSON object/],
    [['app', 'put', 'a', '--setting', 'pkce'], /--setting pkce: must be name=value/],
    [['events', 'drop'], /give the id of one event, or --all/],
    [['events', 'retry', 'e1', '--all'], /give the id of one event, or --all/],
  ])('wrong usage is exit code 2: %j', async (args, sentence) => {
    const { code, err } = await tokenbus(args)
    expect(code).toBe(2)
    expect(err).toMatch(sentence)
    expect(err).not.toContain('in-plain-text')
    expect(bus.asked).toEqual([])
  })
  it('an unreachable NATS exits with 3 and says what to do', async () => {
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
