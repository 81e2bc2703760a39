import { Client, type ClientOptions, MiddlewareFactory } from '@microsoft/microsoft-graph-client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { graphAuth } from '../../src/client/index.ts'
import { fail } from '../../src/contract/failures.ts'
import { type ApiServer, startApi } from './api-server.ts'
import { type ClientBus, startClientBus } from './client-bus.ts'

let bus: ClientBus
let api: ApiServer

const auth = (more = {}) => graphAuth({ tokens: bus.tokens, account: 'alice', ...more })
const plain = () => Client.initWithMiddleware({ authProvider: auth() })

function healing(options: ClientOptions = {}): Client {
  const provider = auth()
  const chain = MiddlewareFactory.getDefaultMiddlewareChain(provider)
  return Client.initWithMiddleware({ middleware: [provider, ...chain], ...options })
}

beforeEach(async () => {
  bus = await startClientBus()
  api = await startApi()
  // The SDK gives a token to Graph's own hosts, over https, alone; so these names lead here.
  const { fetch } = globalThis
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    fetch(url.replace('https://graph.microsoft.com', api.url), init),
  )
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await api[Symbol.asyncDispose]()
  await bus[Symbol.asyncDispose]()
})

it.each([
  ['as authentication provider', plain],
  ['as middleware', healing],
])('%s: calls of the Graph SDK carry the account’s token', async (_, connect) => {
  api.answer = (_, response) => response.end('{"value":[{"name":"Calendar"}]}')
  expect(await connect().api('/me/calendars').get()).toEqual({ value: [{ name: 'Calendar' }] })
  expect(api.calls).toMatchObject([{ path: '/v1.0/me/calendars', token: 'at-alice-1' }])
})

it('as middleware, a 401 reports the token and sends the request with its body once more', async () => {
  api.accepts = (token) => token === 'at-alice-2'
  api.answer = ({ body }, response) => response.end(body)
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
  api.challenge = `Bearer claims="${Buffer.from(claims).toString('base64')}"`
  expect(await healing().api('/me/events').post({ subject: 'Lunch' })).toEqual({ subject: 'Lunch' })
  expect(api.calls.map(({ token }) => token)).toEqual(['at-alice-1', 'at-alice-2'])
  expect(bus.asked.at(-1)).toMatchObject({ verb: 'reject', want: { generation: 1, claims } })
})

it('scopes select a second token, which an app for mail servers needs', async () => {
  const scopes = ['https://graph.microsoft.com/Calendars.Read']
  api.accepts = (token) => token === 'at-alice-2'
  const signIn = auth({ scopes })
  const chain = MiddlewareFactory.getDefaultMiddlewareChain(signIn)
  await Client.initWithMiddleware({ middleware: [signIn, ...chain] })
    .api('/me/calendars')
    .get()
  expect(bus.asked.map(({ verb, want }) => [verb, want])).toEqual([
    ['get', { scopes }],
    ['reject', { generation: 1, scopes }],
  ])
})

it('a second 401 is the SDK’s own error', async () => {
  api.accepts = () => false
  await expect(healing().api('/me').get()).rejects.toMatchObject({ statusCode: 401 })
  expect(api.calls).toHaveLength(2)
})

it('hosts other than Graph’s get no token, and their 401 reports none', async () => {
  await expect(
    healing({ baseUrl: `${api.url}/` })
      .api('/me')
      .get(),
  ).rejects.toMatchObject({ statusCode: 401 })
  expect(api.calls).toMatchObject([{ token: undefined }])
  expect(bus.asked.filter(({ verb }) => verb === 'reject')).toEqual([])
})

it('without a token the call fails with the SDK’s own error', async () => {
  bus.answer = () => fail('grant_revoked', 'the grant has ended')
  await expect(plain().api('/me').get()).rejects.toMatchObject({
    code: 'TokensError',
    message: 'the grant has ended',
  })
})
