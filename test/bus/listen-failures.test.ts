import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { requestRoutes } from '../../src/bus/request-routes.ts'
import { type FailureWord, failureStatus } from '../../src/contract/failure-words.ts'
import { fail, ok } from '../../src/contract/failures.ts'
import { encodeId } from '../../src/contract/subject-token.ts'
import { StorageUnavailable } from '../../src/redis/storage-unavailable.ts'
import { outcome, startBus } from './start-bus.ts'

describe('a malformed request is bad_request and names the field and the rule', () => {
  it.each<[subject: string, payload: unknown, message: RegExp]>([
    ['token.get.alice', '{', /^payload: must be JSON$/],
    ['token.get.alice', '[]', /^payload: .*expected object/],
    ['token.get.alice', { minValidity: 'x' }, /^minValidity: .*expected number/],
    ['token.get.alice', { minValidty: 1 }, /^payload: .*minValidty/],
    ['token.get.alice', { minValidity: -1 }, /^minValidity: .*>=0/],
    ['token.reject.alice', {}, /^generation: .*expected number/],
    ['account.put.alice', { user: 'a' }, /^app: .*expected string/],
    ['account.put.alice', { app: 'a', user: 'a', policy: 'keen' }, /^policy: .*eager/],
    ['account.get.alice', { verbose: true }, /^payload: .*verbose/],
    ['account.list', { limit: 0 }, /^limit: .*>=1/],
    ['account.revoke.alice', { reason: 'Left us.' }, /^reason: must be up to 40 lower-case/],
    ['account.delete.alice', { revokeAtProvider: 1 }, /^revokeAtProvider: .*expected boolean/],
    ['account.history.alice', { limit: 201 }, /^limit: .*<=200/],
    ['app.put.crm', { provider: 'no such', clientId: 'x' }, /^provider: /],
    ['app.put.crm', { provider: 'oidc', clientId: 'x', secrets: [{ secret: 1 }] }, /^secrets\[0\]\.secret: /],
    ['app.secret.add.crm', {}, /^secret: .*expected string/],
    ['app.secret.remove.crm', {}, /^id: .*expected string/],
    ['app.list', { cursor: 'x' }, /^payload: .*cursor/],
    ['token.get.%61lice', undefined, /^id: not the canonical encoding; use `alice`$/],
    ['account.get.%ff', undefined, /^id: must be percent-encoded UTF-8$/],
    [`app.get.${encodeId('💩'.repeat(257))}`, undefined, /^id: must have 1 to 256 code points$/],
  ])('%s %j', async (subject, payload, message) => {
    const unexpected = async () => {
      throw new Error('a malformed request must not get here')
    }
    await using bus = await startBus({ getToken: unexpected, getAccount: unexpected })
    const { code, word, body } = outcome(await bus.ask(subject, payload))
    expect({ code, word, body }).toEqual({
      code: '400',
      word: 'bad_request',
      body: { error: 'bad_request', message: expect.stringMatching(message) },
    })
  })

  it('with an empty payload, if the verb changes something', async () => {
    const reads = ['token.get', 'account.get', 'account.list', 'account.history', 'app.get', 'app.list']
    const mayBeEmpty = new Set([...reads, 'app.verify', 'events.dead', 'api-token.list'])
    await using bus = await startBus()
    for (const { verb, subject } of requestRoutes) {
      const { body } = outcome(await bus.ask(subject.replace('*', 'x')))
      const message = mayBeEmpty.has(verb) ? 'no such account' : 'payload: must be a JSON object, at least {}'
      expect({ verb, message: body.message }).toEqual({ verb, message })
    }
  })

  it('without repeating the value', async () => {
    await using bus = await startBus()
    const payloads = [
      '{"refreshToken": hunter2}',
      '{"refreshToken": {"x":"hunter2"}}',
      '{"policy":"hunter2"}',
    ]
    for (const payload of payloads)
      expect((await bus.ask('account.put.alice', payload)).string()).not.toContain('hunter2')
  })

  it('if the payload is not UTF-8', async () => {
    await using bus = await startBus()
    const reply = await bus.client.request('token.get.alice', Uint8Array.of(0x22, 0xff, 0x22))
    expect(outcome(reply).body.message).toBe('payload: must be valid UTF-8')
  })
})

describe('a failure has its status and code in the headers and in the body', () => {
  it.each(Object.entries(failureStatus) as [FailureWord, number][])('%s: %i', async (word, status) => {
    const details = {
      account: 'alice',
      state: 'revoked' as const,
      reason: 'why',
      recoverable: false,
      action: 'do',
      retryAfter: 3,
    }
    await using bus = await startBus({ getToken: async () => fail(word, 'because', details) })
    expect(outcome(await bus.ask('token.get.alice'))).toEqual({
      code: String(status),
      word,
      body: { error: word, message: 'because', ...details },
    })
  })
})

it('every verb answers 503 if Redis cannot be reached', async () => {
  await using bus = await startBus({
    async putApp() {
      throw new StorageUnavailable('gone')
    },
  })
  const { code, word } = outcome(await bus.ask('app.put.crm', { provider: 'oidc', clientId: 'c' }))
  expect({ code, word }).toEqual({ code: '503', word: 'storage_unavailable' })
})

describe('a bug', () => {
  it('is logged, answered with 500 without details, and does not affect the next request', async () => {
    const log: string[] = []
    const lines = new Writable({
      write(line, _encoding, done) {
        log.push(String(line))
        done()
      },
    })
    let calls = 0
    await using bus = await startBus(
      {
        async getAccount() {
          calls++
          if (calls === 1) throw new TypeError('the details')
          return fail('account_not_found', 'none')
        },
        getApp() {
          throw new TypeError('not even a promise')
        },
      },
      { logger: pino({ base: null }, lines) },
    )
    for (const subject of ['account.get.alice', 'app.get.crm']) {
      const { code, word, body } = outcome(await bus.ask(subject))
      expect({ code, word, error: body.error }).toEqual({
        code: '500',
        word: 'internal_error',
        error: 'internal_error',
      })
      expect(JSON.stringify(body)).not.toMatch(/details|promise/)
    }
    expect(log.join('')).toContain('the details')
    expect(outcome(await bus.ask('account.get.alice')).code).toBe('404')
  })

  it('is not reported for a reply larger than the server allows', async () => {
    await using bus = await startBus({ listApps: async () => ok({ apps: [], filler: 'x'.repeat(2 ** 21) }) })
    const { code, body } = outcome(await bus.ask('app.list'))
    expect({ code, message: body.message }).toEqual({
      code: '400',
      message:
        'reply: larger than max_payload of the NATS server; request less with limit, where it has one, or use HTTP',
    })
  })
})
