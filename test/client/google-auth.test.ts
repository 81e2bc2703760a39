import { Readable } from 'node:stream'
import { auth, calendar, type calendar_v3 } from '@googleapis/calendar'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { googleAuth, TokensError } from '../../src/client/index.ts'
import { fail } from '../../src/contract/failures.ts'
import { type ApiServer, startApi } from './api-server.ts'
import { type ClientBus, startClientBus } from './client-bus.ts'

let bus: ClientBus
let api: ApiServer
let google: calendar_v3.Calendar
const client = () => googleAuth({ tokens: bus.tokens, account: 'alice', client: new auth.OAuth2() })

beforeEach(async () => {
  bus = await startClientBus()
  api = await startApi()
  google = calendar({ version: 'v3', rootUrl: api.url, auth: client() })
})
afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await bus[Symbol.asyncDispose]()
})

it('calls of the Google SDK carry the account’s token', async () => {
  api.answer = (_, response) => response.end('{"items":[{"id":"primary"}]}')
  const { data } = await google.calendarList.list()
  expect(data.items).toEqual([{ id: 'primary' }])
  expect(api.calls).toMatchObject([{ path: '/calendar/v3/users/me/calendarList', token: 'at-alice-1' }])
})

it('a 401 reports the token and sends the request with its body once more', async () => {
  api.accepts = (token) => token === 'at-alice-2'
  api.answer = ({ body }, response) => response.end(body)
  const event = { summary: 'Lunch' }
  const { data } = await google.events.insert({ calendarId: 'primary', requestBody: event })
  expect(data).toEqual(event)
  expect(api.calls.map(({ token }) => token)).toEqual(['at-alice-1', 'at-alice-2'])
  expect(bus.asked.at(-1)).toMatchObject({ verb: 'reject', want: { generation: 1 } })
})

it('a second 401, and any other failure, is the SDK’s own error', async () => {
  api.accepts = () => false
  await expect(google.calendarList.list()).rejects.toMatchObject({ response: { status: 401 } })
  expect(api.calls).toHaveLength(2)
  api.accepts = () => true
  api.answer = (_, response) => response.writeHead(403).end('{}')
  await expect(google.calendarList.list()).rejects.toMatchObject({ response: { status: 403 } })
  expect(bus.asked.filter(({ verb }) => verb === 'reject')).toHaveLength(1)
})

it('a stream is not sent again', async () => {
  api.accepts = () => false
  const sending = client().request({ url: api.url, method: 'POST', data: Readable.from(['hello']) })
  await expect(sending).rejects.toMatchObject({ response: { status: 401 } })
  expect(api.calls).toMatchObject([{ body: 'hello' }])
})

it('without a token the call fails with the reason', async () => {
  bus.answer = () => fail('grant_revoked', 'the grant has ended')
  await expect(google.calendarList.list()).rejects.toBeInstanceOf(TokensError)
})

it('getAccessToken and getRequestHeaders answer the account’s token', async () => {
  expect((await client().getRequestHeaders()).get('authorization')).toBe('Bearer at-alice-1')
  expect(await client().getAccessToken()).toEqual({ token: 'at-alice-1' })
})

it('scopes select a second token in every method', async () => {
  const scopes = ['calendar']
  api.accepts = (token) => token === 'at-alice-2'
  const second = googleAuth({ tokens: bus.tokens, account: 'alice', scopes, client: new auth.OAuth2() })
  await calendar({ version: 'v3', rootUrl: api.url, auth: second }).calendarList.list()
  await second.getAccessToken()
  expect(bus.asked.map(({ verb, want }) => [verb, want])).toEqual([
    ['get', { scopes }],
    ['reject', { generation: 1, scopes }],
  ])
})
