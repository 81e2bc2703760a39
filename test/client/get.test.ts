import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { type ClientBus, eventOf, startClientBus, tokenOf } from './client-bus.ts'

let bus: ClientBus

beforeEach(async () => {
  bus = await startClientBus()
})
afterEach(() => bus[Symbol.asyncDispose]())

const generationOf = async (account: string) => (await bus.tokens.get(account)).generation

/** Replies that the test releases one by one. */
function heldAnswers() {
  const waiting: ((generation: number) => void)[] = []
  bus.answer = ({ account }) =>
    new Promise((resolve) => waiting.push((generation) => resolve(ok(tokenOf(account, { generation })))))
  const next = () => eventually(() => waiting.shift() ?? Promise.reject(new Error('nothing was asked')))
  return { next, count: () => waiting.length }
}

describe('get', () => {
  it('requests a token once and then answers from the cache, whatever characters the account id has', async () => {
    const token = await bus.tokens.get('müller.ann@example.com')
    expect(token).toMatchObject({ account: 'müller.ann@example.com', generation: 1 })
    expect(await bus.tokens.get('müller.ann@example.com')).toBe(token)
    expect(bus.asked).toEqual([{ verb: 'get', account: 'müller.ann@example.com', want: {} }])
  })

  it('requests again if the token is valid for less than minValidity, or with forceRefresh', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account, { seconds: 120 }))
    await bus.tokens.get('alice')
    await bus.tokens.get('alice', { minValidity: 60 })
    await bus.tokens.get('alice', { minValidity: 300 })
    await bus.tokens.get('alice', { forceRefresh: true })
    expect(bus.asked.map(({ want }) => want)).toEqual([{}, { minValidity: 300 }, { forceRefresh: true }])
  })

  it('caches a token without minValidityMet and refreshed, which concern one caller', async () => {
    bus.answer = ({ account, verb }) =>
      ok({ ...tokenOf(account), ...(verb === 'get' && { minValidityMet: false, refreshed: false }) })
    const unmet = await bus.tokens.get('alice', { minValidity: 7_200 })
    expect(unmet).toMatchObject({ minValidityMet: false, refreshed: false })
    const { minValidityMet: _, refreshed: __, ...plain } = unmet
    expect(await bus.tokens.get('alice')).toEqual(plain)
    expect(bus.asked).toHaveLength(1)
  })

  it('requests each time in the last 30 s before expiry', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account, { seconds: 20 }))
    await bus.tokens.get('alice')
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(2)
    await bus.tokens.get('alice', { minValidity: 5 })
    expect(bus.asked).toHaveLength(2)
  })

  it('requests again after 30 s, so that a wrong clock or a lost event keeps no token longer', async () => {
    await bus.tokens.get('alice')
    const later = performance.now() + 30_001
    vi.spyOn(performance, 'now').mockReturnValue(later)
    await bus.tokens.get('alice')
    vi.restoreAllMocks()
    expect(bus.asked).toHaveLength(2)
  })

  it('sends one request for a hundred concurrent callers', async () => {
    const held = heldAnswers()
    const all = Promise.all(Array.from({ length: 100 }, () => bus.tokens.get('alice')))
    ;(await held.next())(7)
    expect(new Set((await all).map(({ generation }) => generation))).toEqual(new Set([7]))
    expect(bus.asked).toHaveLength(1)
  })
})

describe('a second token', () => {
  const [calendars, files] = [
    'https://graph.example.com/Calendars.Read',
    'https://graph.example.com/Files.Read',
  ]
  const scopes = [calendars, files] as string[]

  it('is cached beside the first, whatever the order of its scopes', async () => {
    let generation = 0
    bus.answer = ({ account }) => ok(tokenOf(account, { generation: ++generation }))
    const generations = []
    for (let i = 0; i < 2; i++) {
      generations.push(await generationOf('alice'))
      generations.push((await bus.tokens.get('alice', { scopes })).generation)
      generations.push((await bus.tokens.get('alice', { scopes: scopes.toReversed() })).generation)
      generations.push((await bus.tokens.get('alice', { scopes: [files as string] })).generation)
    }
    expect(generations).toEqual([1, 2, 2, 3, 1, 2, 2, 3])
    expect(bus.asked.map(({ want }) => want)).toEqual([{}, { scopes }, { scopes: [files] }])
  })

  it('is one request for concurrent callers, separate from the first token’s', async () => {
    const held = heldAnswers()
    const second = Promise.all([1, 2, 3].map(() => bus.tokens.get('alice', { scopes })))
    const first = bus.tokens.get('alice')
    ;(await held.next())(7)
    ;(await held.next())(1)
    expect((await second).map(({ generation }) => generation)).toEqual([7, 7, 7])
    expect((await first).generation).toBe(1)
    expect(bus.asked).toHaveLength(2)
  })

  it('is invalidated by events of its account', async () => {
    await bus.tokens.get('alice', { scopes })
    await bus.publish('token.refreshed.alice', eventOf('token.refreshed', 'alice'))
    await bus.tokens.get('alice', { scopes })
    expect(bus.asked).toHaveLength(2)
  })

  it('is rejected and replaced separately', async () => {
    const { generation } = await bus.tokens.get('alice', { scopes })
    const newer = await bus.tokens.reject('alice', { generation, scopes })
    expect(newer.generation).toBe(2)
    expect(await bus.tokens.get('alice', { scopes: scopes.toReversed() })).toBe(newer)
    expect(bus.asked.map(({ verb, want }) => [verb, want])).toEqual([
      ['get', { scopes }],
      ['reject', { generation: 1, scopes }],
    ])
  })

  it('with an empty list of scopes is bad_request', async () => {
    await expect(bus.tokens.get('alice', { scopes: [] })).rejects.toMatchObject({ code: 'bad_request' })
  })
})

describe('an event', () => {
  it.each(['token.refreshed', 'token.invalid', 'account.removed'])(
    '%s invalidates the cached token',
    async (type) => {
      await bus.tokens.get('a.b')
      await bus.tokens.get('other')
      await bus.publish(`${type}.a%2Eb`, eventOf(type, 'a.b'))
      await bus.tokens.get('a.b')
      await bus.tokens.get('other')
      expect(bus.asked.map(({ account }) => account)).toEqual(['a.b', 'other', 'a.b'])
    },
  )

  it('that arrives while a request is in flight keeps its reply from the cache and from later callers', async () => {
    const held = heldAnswers()
    const asking = bus.tokens.get('alice')
    const answer = await held.next()
    await bus.publish('token.refreshed.alice', eventOf('token.refreshed', 'alice', { version: 2 }))
    const again = bus.tokens.get('alice')
    const newer = await held.next()
    answer(1)
    expect((await asking).generation).toBe(1)
    newer(2)
    expect((await again).generation).toBe(2)
    expect(await generationOf('alice')).toBe(2)
  })

  it('no newer than the cached token leaves it in the cache', async () => {
    const since = new Date()
    bus.answer = ({ account }) => ok(tokenOf(account, { version: 7, since }))
    await bus.tokens.get('alice')
    const time = since.toISOString()
    for (const version of [6, 7])
      await bus.publish('token.refreshed.alice', eventOf('token.refreshed', 'alice', { version, time }))
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(1)
  })

  it('of a lower version and a later time, as after a restore, invalidates', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account, { version: 700, since: new Date(Date.now() - 1_000) }))
    await bus.tokens.get('alice')
    await bus.publish('token.refreshed.alice', eventOf('token.refreshed', 'alice', { version: 3 }))
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(2)
  })

  it('newer than a later reply keeps that reply from the cache', async () => {
    await bus.publish('token.refreshed.alice', eventOf('token.refreshed', 'alice', { version: 8 }))
    const behind = ok(tokenOf('alice', { version: 7 }))
    bus.answer = () => behind
    await bus.tokens.get('alice')
    bus.answer = ({ account }) => ok(tokenOf(account, { generation: 2, version: 8 }))
    expect(await generationOf('alice')).toBe(2)
    expect(await generationOf('alice')).toBe(2)
    expect(bus.asked).toHaveLength(2)
  })

  it.each([
    ['an event of another account', eventOf('token.invalid', 'bob')],
    ['an event of another type', eventOf('token.refreshed', 'alice')],
    ['an event without a version', eventOf('token.invalid', 'alice', { version: undefined })],
    ['a body that is not an object', []],
  ])('%s, published on an event’s subject, is ignored', async (_what, body) => {
    const onInvalid = vi.fn()
    bus.tokens.on('invalid', onInvalid)
    await bus.tokens.get('alice')
    await bus.tokens.get('bob')
    await bus.publish('token.invalid.alice', body)
    await bus.tokens.get('alice')
    await bus.tokens.get('bob')
    expect(bus.asked).toHaveLength(2)
    expect(onInvalid).not.toHaveBeenCalled()
  })
})
