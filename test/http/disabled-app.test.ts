import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
let other: TokenbusProcess
let provider: PlainProvider
/** Seconds that the provider's tokens live. */
let life = 3_600

beforeAll(async () => {
  const env = { TOKENBUS_ENABLE_TOKEN_API: 'true' }
  provider = await startPlainProvider({
    answer: ({ form }, calls) => [
      200,
      { access_token: `token ${calls.length}`, refresh_token: form.refresh_token, expires_in: life },
    ],
  })
  cluster = await startHttpCluster(env)
  other = await cluster.startNode(env)
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

const settings = () => ({
  provider: 'oidc',
  clientId: 'client',
  clientSecret: 'client-secret',
  authorizeUrl: `${provider.origin}/authorize`,
  tokenUrl: `${provider.origin}/token`,
  rotation: 'none',
})

async function connect(app: string, accounts: readonly string[], policy = 'lazy') {
  expect(await cluster.request(`app.put.${app}`, settings())).toMatchObject({ app, enabled: true })
  for (const account of accounts) {
    const put = { app, user: account, refreshToken: `of ${account}`, policy }
    expect(await cluster.request(`account.put.${account}`, put)).toMatchObject({ account })
  }
}

const turn = (app: string, enabled: boolean) => cluster.ask('PUT', `/v1/oauth2/${app}`, { body: { enabled } })
const overHttp = (account: string, url = cluster.url) =>
  cluster.ask('GET', `/v1/account/${account}/oauth-token`, { url })
const callsFor = (account: string) =>
  provider.calls.filter(({ form }) => form.refresh_token === `of ${account}`).length
const disabled = { error: 'app_disabled', reason: 'app_disabled', recoverable: true }

it('a token that every node has in memory is answered by none once the app is disabled, and again once it is enabled', async () => {
  await connect('seen', ['alice'])
  const { accessToken } = await cluster.request('token.get.alice')
  for (const url of [cluster.url, other.httpUrl()]) {
    await overHttp('alice', url)
    expect((await overHttp('alice', url)).body).toMatchObject({ accessToken, cached: true })
  }

  expect((await turn('seen', false)).status).toBe(200)
  expect(await overHttp('alice')).toMatchObject({ status: 403, body: { ...disabled, code: 'AppDisabled' } })
  await eventually(async () => expect((await overHttp('alice', other.httpUrl())).status).toBe(403))
  // NATS asks either node.
  for (let i = 0; i < 10; i++) expect(await cluster.request('token.get.alice')).toMatchObject(disabled)
  expect(await cluster.request('token.get.alice', { forceRefresh: true })).toMatchObject(disabled)
  expect(await cluster.request('token.get.alice', { scopes: ['other'] })).toMatchObject(disabled)
  expect(await cluster.request('token.reject.alice', { generation: 1 })).toMatchObject(disabled)
  expect(callsFor('alice')).toBe(1)

  expect((await turn('seen', true)).status).toBe(200)
  await eventually(async () => expect((await overHttp('alice', other.httpUrl())).status).toBe(200))
  expect(await cluster.request('token.get.alice')).toMatchObject({ accessToken })
  expect(callsFor('alice')).toBe(1)
})

it('its accounts stay as they are, and say why there is no token', async () => {
  await connect('told', ['bob'])
  const before = await cluster.request('account.get.bob')
  await turn('told', false)
  const { reason, action, recoverable, class: ofApp, ...after } = await cluster.request('account.get.bob')
  expect(after).toEqual(before)
  expect({ reason, action, recoverable, ofApp }).toEqual({
    reason: 'app_disabled',
    action: 'enable the app here, with `enabled: true`',
    recoverable: true,
    ofApp: 'P',
  })
  expect(await cluster.request('app.get.told')).toMatchObject({ enabled: false })
  expect((await cluster.ask('GET', '/v1/oauth2/told')).body).toMatchObject({ enabled: false })
  const { apps } = await cluster.request('app.list')
  expect(apps).toContainEqual(expect.objectContaining({ app: 'told', enabled: false }))
  // A put without it is a put of an enabled app.
  expect(await cluster.request('app.put.told', settings())).toMatchObject({ enabled: true })
  expect(await cluster.request('account.get.bob')).toEqual(before)
})

it('what is due while the app is disabled is refreshed when it is enabled, without a word of an invalid token', async () => {
  life = 6
  const accounts = Array.from({ length: 20 }, (_, i) => `due-${i}`)
  const heard: string[] = []
  const watching = cluster.nats.subscribe('token.invalid.*', {
    callback: (_, { subject }) => heard.push(subject),
  })
  await connect('due', accounts, 'eager')
  await eventually(() => expect(accounts.every((account) => callsFor(account) >= 2)).toBe(true))
  await turn('due', false)
  const { version } = await cluster.request('app.get.due')
  // What was sent before is answered by now; from here on, nothing more is.
  const calls = () => accounts.reduce((sum, account) => sum + callsFor(account), 0)
  await eventually(async () => {
    const states = await Promise.all(accounts.map((account) => cluster.request(`account.get.${account}`)))
    const ranOut = states.every(
      ({ expires, state }) => Date.parse(expires) < Date.now() && state !== 'refreshing',
    )
    expect(ranOut).toBe(true)
  })
  const sent = calls()
  await eventually(async () => expect(await rests(accounts)).toBe(true))
  expect(await cluster.request(`token.get.${accounts[0]}`)).toMatchObject(disabled)
  expect(calls()).toBe(sent)
  expect(await cluster.request('app.get.due')).toMatchObject({ version })

  await turn('due', true)
  await eventually(() => expect(accounts.every((account) => callsFor(account) > 2)).toBe(true))
  await eventually(async () =>
    expect(await cluster.request(`token.get.${accounts[0]}`)).toHaveProperty('accessToken'),
  )
  watching.unsubscribe()
  expect(heard).toEqual([])
})

/** All of them were put off to later, by whichever node found them due. */
async function rests(accounts: readonly string[]): Promise<boolean> {
  const keys = await cluster.redis.keys('tb:{*}:due')
  const scores = await Promise.all(
    keys.map((key) =>
      Promise.all(accounts.map((account) => cluster.redis.zscore(key, `account:${account}`))),
    ),
  )
  const due = scores.flat().filter((score) => score !== null)
  return due.length === accounts.length && due.every((score) => Number(score) > Date.now() + 200_000)
}
