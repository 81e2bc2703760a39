import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fail, ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { type ApiServer, startApi } from './api-server.ts'
import { type ClientBus, startClientBus, tokenOf } from './client-bus.ts'

let bus: ClientBus
let api: ApiServer

beforeEach(async () => {
  bus = await startClientBus()
  api = await startApi()
})
afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await bus[Symbol.asyncDispose]()
})

const isNew = (token: string) => token === 'at-alice-2'
const callsMade = () => api.calls.map(({ token, body }) => [token, body])
const rejections = () => bus.asked.filter(({ verb }) => verb === 'reject').map(({ want }) => want)

it('adds the bearer to what is sent, and leaves the rest as it is', async () => {
  const answered = await bus.tokens.fetch('alice', `${api.url}/events`, {
    method: 'POST',
    headers: { authorization: 'of another', 'content-type': 'text/plain' },
    body: 'hello',
  })
  expect(answered.status).toBe(200)
  expect(api.calls).toEqual([{ method: 'POST', path: '/events', token: 'at-alice-1', body: 'hello' }])
})

it('takes a Request too', async () => {
  const request = new Request(`${api.url}/events`, { method: 'PUT', body: 'hello' })
  await bus.tokens.fetch('alice', request)
  expect(api.calls).toEqual([{ method: 'PUT', path: '/events', token: 'at-alice-1', body: 'hello' }])
})

describe('a token that is refused', () => {
  beforeEach(() => {
    api.accepts = isNew
  })

  it('is reported, and the request sent once more with a newer one', async () => {
    const answered = await bus.tokens.fetch('alice', api.url, { method: 'POST', body: 'hello' })
    expect(answered.status).toBe(200)
    expect(callsMade()).toEqual([
      ['at-alice-1', 'hello'],
      ['at-alice-2', 'hello'],
    ])
    expect(rejections()).toEqual([{ generation: 1 }])
    expect((await bus.tokens.get('alice')).generation).toBe(2)
  })

  it('is reported with the claims the API asks for', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    const sent = Buffer.from(claims).toString('base64')
    api.challenge = `Basic realm="x", Bearer realm="", error="insufficient_claims", claims="${sent}"`
    await bus.tokens.fetch('alice', api.url)
    expect(rejections()).toEqual([{ generation: 1, claims }])
  })

  it('is reported without claims that tokenbus does not understand', async () => {
    api.challenge = 'Bearer claims="hello"'
    expect((await bus.tokens.fetch('alice', api.url)).status).toBe(200)
    expect(rejections()).toEqual([{ generation: 1 }])
  })

  it('for its scopes, where it has some of its own', async () => {
    const scopes = ['a', 'b']
    const answered = await bus.tokens.fetch('alice', api.url, { method: 'POST', body: 'hello', scopes })
    expect(answered.status).toBe(200)
    expect(bus.asked.map(({ verb, want }) => [verb, want])).toEqual([
      ['get', { scopes }],
      ['reject', { generation: 1, scopes }],
    ])
    expect(callsMade().map(([token]) => token)).toEqual(['at-alice-1', 'at-alice-2'])
  })

  it('once only: a second 401 is the caller’s', async () => {
    api.accepts = () => false
    const answered = await bus.tokens.fetch('alice', api.url)
    expect([answered.status, await answered.text()]).toEqual([401, '{"error":{"code":401}}'])
    expect(api.calls).toHaveLength(2)
    expect(rejections()).toHaveLength(1)
  })

  it('is not tried again when there is no newer one', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account))
    expect((await bus.tokens.fetch('alice', api.url)).status).toBe(401)
    expect(api.calls).toHaveLength(1)
  })

  it('by the end of the grant: the caller hears why', async () => {
    bus.answer = ({ verb, account }) =>
      verb === 'get'
        ? ok(tokenOf(account))
        : fail('grant_revoked', 'the grant has ended', { reason: 'inactive' })
    await expect(bus.tokens.fetch('alice', api.url)).rejects.toMatchObject({
      code: 'grant_revoked',
      reason: 'inactive',
    })
  })

  it.each([
    ['a web stream', () => new Blob(['hello']).stream()],
    ['a Node stream', () => Readable.from([Buffer.from('hello')])],
  ])('with %s for a body is reported, and the 401 the caller’s', async (_, body) => {
    const init = { method: 'POST', body: body() as ReadableStream, duplex: 'half' } as RequestInit
    expect((await bus.tokens.fetch('alice', api.url, init)).status).toBe(401)
    expect(callsMade()).toEqual([['at-alice-1', 'hello']])
    expect((await bus.tokens.get('alice')).generation).toBe(2)
  })
})

describe('streams and signals', () => {
  it('hands the answer over while it still comes', async () => {
    let finish = () => {}
    api.answer = (_, response) => {
      response.write('first')
      finish = () => response.end('last')
    }
    const { body } = await bus.tokens.fetch('alice', api.url)
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('first')
    finish()
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('last')
  })

  it('an abort ends the wait for a token, which others go on waiting for', async () => {
    const answers: (() => void)[] = []
    bus.answer = ({ account }) => new Promise((resolve) => answers.push(() => resolve(ok(tokenOf(account)))))
    const stop = new AbortController()
    const fetching = bus.tokens.fetch('alice', api.url, { signal: stop.signal })
    const other = bus.tokens.get('alice')
    await eventually(() => expect(answers).toHaveLength(1))
    stop.abort(new Error('enough'))
    await expect(fetching).rejects.toThrow('enough')
    answers[0]?.()
    expect(await other).toMatchObject({ generation: 1 })
    expect(api.calls).toEqual([])
  })

  it('an abort ends the request, whoever brought the signal', async () => {
    api.answer = () => {}
    const stop = new AbortController()
    const fetching = bus.tokens.fetch('alice', new Request(api.url, { signal: stop.signal }))
    await eventually(() => expect(api.calls).toHaveLength(1))
    stop.abort()
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('a signal that was given before sends nothing', async () => {
    await bus.tokens.get('alice')
    const signal = AbortSignal.abort()
    await expect(bus.tokens.fetch('alice', api.url, { signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(api.calls).toEqual([])
  })
})
