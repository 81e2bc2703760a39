import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TokensError } from '../../src/client/index.ts'
import { fail, ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { type ClientBus, hour, startClientBus, tokenOf } from './client-bus.ts'

let bus: ClientBus

beforeEach(async () => {
  bus = await startClientBus()
})
afterEach(() => bus[Symbol.asyncDispose]())

const generationOf = async (account: string) => (await bus.tokens.get(account)).generation

/** Replies that the test releases one by one. */
function _heldAnswers() {
  const waiting: ((generation: number) => void)[] = []
  bus.answer = ({ account }) =>
    new Promise((resolve) => waiting.push((generation) => resolve(ok(tokenOf(account, { generation })))))
  const next = () => eventually(() => waiting.shift() ?? Promise.reject(new Error('nothing was asked')))
  return { next, count: () => waiting.length }
}

describe('reject', () => {
  it('sends one report for concurrent callers, and caches the newer token', async () => {
    await bus.tokens.get('alice')
    const claims = '{"access_token":{}}'
    const newer = await Promise.all([1, 2].map(() => bus.tokens.reject('alice', { generation: 1, claims })))
    expect(newer.map(({ generation }) => generation)).toEqual([2, 2])
    expect(await generationOf('alice')).toBe(2)
    expect(bus.asked.slice(1)).toEqual([
      { verb: 'reject', account: 'alice', want: { generation: 1, claims } },
    ])
  })

  it('of a generation older than the cached token answers that token', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account, { generation: 5 }))
    await bus.tokens.get('alice')
    expect(await bus.tokens.reject('alice', { generation: 4 })).toMatchObject({ generation: 5 })
    expect(bus.asked).toHaveLength(1)
  })

  it('leaves the cache empty if there is no newer token', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account, { generation: 5 }))
    expect(await bus.tokens.reject('alice', { generation: 5 })).toMatchObject({ generation: 5 })
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(2)
  })
})

describe('failures', () => {
  it('are TokensErrors with code, state, reason and action', async () => {
    const why = {
      account: 'alice',
      state: 'revoked' as const,
      reason: 'inactive',
      recoverable: false,
      action: 'reconnect',
    }
    bus.answer = () => fail('grant_revoked', 'the grant has ended', why)
    const error = await bus.tokens.get('alice').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TokensError)
    expect(error).toMatchObject({ code: 'grant_revoked', message: 'the grant has ended', ...why })
  })

  it('are not cached', async () => {
    bus.answer = () => fail('provider_unavailable', 'the provider cannot be reached', { retryAfter: 3 })
    await expect(bus.tokens.get('alice')).rejects.toMatchObject({
      code: 'provider_unavailable',
      retryAfter: 3,
    })
    bus.answer = ({ account }) => ok(tokenOf(account, { seconds: hour }))
    expect(await generationOf('alice')).toBe(1)
  })

  it.each(['', '\ud800', 'x'.repeat(257)])('an invalid account id is bad_request: %j', async (id) => {
    await expect(bus.tokens.get(id)).rejects.toMatchObject({ code: 'bad_request' })
  })

  it('an invalid option is bad_request', async () => {
    await expect(bus.tokens.get('alice', { minValidity: -1 })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringMatching(/minValidity/),
    })
  })
})
