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

it('adds the bearer token to the request and changes nothing else', async () => {
  const answered = await bus.tokens.fetch('alice', `${api.url}/events`, {
    method: 'POST',
    headers: { authorization: 'of another', 'content-type': 'text/plain' },
    body: 'hello',
  })
  expect(answered.status).toBe(200)
  expect(api.calls).toEqual([{ method: 'POST', path: '/events', token: 'at-alice-1', body: 'hello' }])
})

it('accepts a Request', async () => {
  const request = new Request(`${api.url}/events`, { method: 'PUT', body: 'hello' })
  await bus.tokens.fetch('alice', request)
  expect(api.calls).toEqual([{ method: 'PUT', path: '/events', token: 'at-alice-1', body: 'hello' }])
})

describe('a 401', () => {
  beforeEach(() => {
    api.accepts = isNew
  })

  it('reports the token and sends the request once more with a newer one', async () => {
    const answered = await bus.tokens.fetch('alice', api.url, { method: 'POST', body: 'hello' })
    expect(answered.status).toBe(200)
    expect(callsMade()).toEqual([
      ['at-alice-1', 'hello'],
      ['at-alice-2', 'hello'],
    ])
    expect(rejections()).toEqual([{ generation: 1 }])
    expect((await bus.tokens.get('alice')).generation).toBe(2)
  })

  it('reports the claims of the API’s challenge', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    const sent = Buffer.from(claims).toString('base64')
    api.challenge = `Basic realm="x", Bearer realm="", error="insufficient_claims", claims="${sent}"`
    await bus.tokens.fetch('alice', api.url)
    expect(rejections()).toEqual([{ generation: 1, claims }])
  })

  it('reports the token without its claims if tokenbus cannot read them', async () => {
    api.challenge = 'Bearer claims="hello"'
    expect((await bus.tokens.fetch('alice', api.url)).status).toBe(200)
    expect(rejections()).toEqual([{ generation: 1 }])
  })

  it('replaces a second token by one of the same scopes', async () => {
    const scopes = ['a', 'b']
    const answered = await bus.tokens.fetch('alice', api.url, { method: 'POST', body: 'hello', scopes })
    expect(answered.status).toBe(200)
    expect(bus.asked.map(({ verb, want }) => [verb, want])).toEqual([
      ['get', { scopes }],
      ['reject', { generation: 1, scopes }],
    ])
    expect(callsMade().map(([token]) => token)).toEqual(['at-alice-1', 'at-alice-2'])
  })

  it('is returned to the caller if the retry is answered 401 too', async () => {
    api.accepts = () => false
    const answered = await bus.tokens.fetch('alice', api.url)
    expect([answered.status, await answered.text()]).toEqual([401, '{"error":{"code":401}}'])
    expect(api.calls).toHaveLength(2)
    expect(rejections()).toHaveLength(1)
  })

  it('is returned to the caller if there is no newer token', async () => {
    bus.answer = ({ account }) => ok(tokenOf(account))
    expect((await bus.tokens.fetch('alice', api.url)).status).toBe(401)
    expect(api.calls).toHaveLength(1)
  })

  it('rejects with the reason if the grant has ended', async () => {
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
  ])('reports the token but is returned to the caller if the request body is %s', async (_, body) => {
    const init = { method: 'POST', body: body() as ReadableStream, duplex: 'half' } as RequestInit
    expect((await bus.tokens.fetch('alice', api.url, init)).status).toBe(401)
    expect(callsMade()).toEqual([['at-alice-1', 'hello']])
    expect((await bus.tokens.get('alice')).generation).toBe(2)
  })
})

describe('streams and signals', () => {
  it('a response body is streamed, not buffered', async () => {
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

  it('an abort ends one caller’s wait for the token, not the others’', async () => {
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

  it('an abort ends the request, whether the signal is in the init or in the Request', async () => {
    api.answer = () => {}
    const stop = new AbortController()
    const fetching = bus.tokens.fetch('alice', new Request(api.url, { signal: stop.signal }))
    await eventually(() => expect(api.calls).toHaveLength(1))
    stop.abort()
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('a signal that is already aborted sends nothing', async () => {
    await bus.tokens.get('alice')
    const signal = AbortSignal.abort()
    await expect(bus.tokens.fetch('alice', api.url, { signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(api.calls).toEqual([])
  })
})
