import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agreeOnDevice } from '../support/agree-on-device.ts'
import { eventually } from '../support/eventually.ts'
import { type PlainAnswer, type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { spawnTokenbus, startTokenbus } from '../support/spawn-tokenbus.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster
let provider: PlainProvider
/** The responses to the next polls of a device code; the last one repeats. */
let answers: PlainAnswer[]
const pending: PlainAnswer = [400, { error: 'authorization_pending' }]
const agreed: PlainAnswer = [200, { access_token: 'access', refresh_token: 'refresh', expires_in: 3_600 }]
const device = 'urn:ietf:params:oauth:grant-type:device_code'
const questions = () => provider.calls.filter(({ form }) => form.grant_type === device)

beforeAll(async () => {
  cluster = await startHttpCluster()
  provider = await startPlainProvider({
    answer: ({ path, form }) => {
      if (form.client_secret !== 'client-secret') return [401, { error: 'invalid_client' }]
      if (path === '/device')
        return [
          200,
          {
            device_code: 'the-device-code',
            user_code: 'WDJB-MJHT',
            verification_uri: 'https://example.com/device',
            verification_uri_complete: 'https://example.com/device?user_code=WDJB-MJHT',
            expires_in: 60,
            interval: 1,
          },
        ]
      if (form.device_code !== 'the-device-code') return [400, { error: 'invalid_grant' }]
      return (answers.length > 1 ? answers.shift() : answers[0]) as PlainAnswer
    },
  })
  const { origin } = provider
  await cluster.request('app.put.plain', {
    provider: 'oidc',
    deviceUrl: `${origin}/device`,
    tokenUrl: `${origin}/token`,
    clientId: 'client',
    clientSecret: 'client-secret',
    scopes: ['read', 'write'],
  })
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const state = async (account: string) =>
  ((await cluster.request(`account.get.${account}`)) as { state?: string; error?: string }).state

it('a user who agrees at a real server connects the account, with the identity from the server', async () => {
  const { url: issuer, client } = cluster.sandbox
  const settings = { issuer, clientId: client.id, clientSecret: client.secret.reveal() }
  await cluster.request('app.put.sandbox', {
    provider: 'oidc',
    ...settings,
    scopes: ['openid', 'email', 'offline_access'],
  })
  const begun = await cluster.request('account.device.alice', { app: 'sandbox' })
  expect(begun).toMatchObject({
    account: 'alice',
    userCode: expect.any(String),
    verificationUri: expect.stringContaining('/device'),
    expiresIn: expect.any(Number),
  })
  expect(Object.keys(begun)).not.toContain('deviceCode')
  expect(await state('alice')).toBeUndefined()
  await agreeOnDevice(begun as never)
  await eventually(async () => expect(await state('alice')).toBe('valid'))
  expect(await cluster.request('account.get.alice')).toMatchObject({ subject: 'demo' })
  expect(await cluster.request('token.get.alice', { forceRefresh: true })).toMatchObject({ generation: 2 })
})

describe('the command line', () => {
  it('shows the code, and waits until the user has agreed', async () => {
    const env = { TOKENBUS_NATS_URL: cluster.natsServer.url }
    const command = startTokenbus(['account', 'device', 'liz', '--app', 'sandbox', '--json'], env)
    const begun = JSON.parse(await command.said(/\}\s*$/))
    expect(begun).toMatchObject({ userCode: expect.any(String), verificationUri: expect.any(String) })
    await agreeOnDevice(begun)
    expect(await command.ended).toMatchObject({ code: 0, err: expect.stringContaining('liz is connected') })
    expect(await state('liz')).toBe('valid')
  })

  it('fills in the URLs of the app', async () => {
    const { origin } = provider
    await cluster.request('app.put.filled', {
      provider: 'oidc',
      deviceUrl: `${origin}/{place}`,
      tokenUrl: `${origin}/{place}/token`,
      urlParams: { place: { pattern: '^[a-z]+$' } },
      clientId: 'client',
      clientSecret: 'client-secret',
      scopes: ['read'],
    })
    const env = { TOKENBUS_NATS_URL: cluster.natsServer.url }
    const args = ['account', 'device', 'mia', '--app', 'filled', '--no-wait', '--param', 'place=device']
    const shown = expect.stringContaining('open https://example.com/device and enter WDJB-MJHT')
    answers = [[400, { error: 'access_denied' }]]
    expect(await spawnTokenbus(args, env)).toMatchObject({ code: 0, out: shown })
    await eventually(async () => expect(await cluster.redis.keys('tb:device:*')).toEqual([]))
    expect(provider.calls.at(-1)?.path).toBe('/device/token')
    const wrong = await spawnTokenbus([...args.slice(0, -1), 'place=Up'], env)
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('params.place') })
  })
})

describe('before the user has agreed', () => {
  it('the provider is polled at its interval, and the device code is stored encrypted only', async () => {
    answers = [pending, [400, { error: 'slow_down' }], pending, agreed]
    const asked = questions().length
    const reply = await cluster.ask('POST', '/v1/account/bob/device', { body: { app: 'plain', user: 'bob' } })
    expect(reply).toMatchObject({ status: 200, body: { userCode: 'WDJB-MJHT', expiresIn: 60 } })
    expect(provider.calls.at(-1)?.form).toMatchObject({ client_id: 'client', scope: 'read write' })
    await eventually(() => expect(questions().length).toBe(asked + 2))
    for (const key of await cluster.redis.keys('tb:device:*'))
      expect(await cluster.redis.get(key)).not.toContain('the-device-code')
    const slower = Date.now()
    await eventually(() => expect(questions().length).toBe(asked + 3))
    // RFC 8628 §3.5: five seconds more than before.
    expect(Date.now() - slower).toBeGreaterThan(4_000)
    await eventually(async () => expect(await state('bob')).toBe('valid'))
    expect(questions().length).toBe(asked + 4)
    await eventually(async () => expect(await cluster.redis.keys('tb:device:*')).toEqual([]))
    expect(await cluster.request('account.get.bob')).toMatchObject({ user: 'bob' })
  })

  it.each(['access_denied', 'expired_token'])(
    '%s ends the authorization, and no account is connected',
    async (error) => {
      answers = [pending, [400, { error }]]
      const asked = questions().length
      await cluster.request(`account.device.${error}`, { app: 'plain' })
      await eventually(async () => {
        expect(questions().length).toBe(asked + 2)
        expect(await cluster.redis.keys('tb:device:*')).toEqual([])
      })
      expect(await state(error)).toBeUndefined()
    },
    40_000,
  )

  it('an app that is disabled ends it, and begins none', async () => {
    const settings = await cluster.ask('GET', '/v1/oauth2/plain')
    const { deviceUrl, tokenUrl, scopes } = settings.body
    const put = {
      provider: 'oidc',
      deviceUrl,
      tokenUrl,
      scopes,
      clientId: 'client',
      clientSecret: 'client-secret',
    }
    await cluster.request('app.put.short', put)
    answers = [pending]
    await cluster.request('account.device.dora', { app: 'short', user: 'dora' })
    await cluster.ask('PUT', '/v1/oauth2/short', { body: { enabled: false } })
    answers = [agreed]
    await eventually(async () => expect(await cluster.redis.keys('tb:device:*')).toEqual([]))
    expect(await state('dora')).toBeUndefined()
    expect(await cluster.request('account.device.dora', { app: 'short' })).toMatchObject({
      error: 'app_disabled',
    })
  })

  it('another node continues polling after a crash, and no two poll at the same time', async () => {
    answers = [pending]
    const dying = await cluster.startNode()
    await cluster.request('account.device.carol', { app: 'plain', user: 'carol' })
    dying.signal('SIGKILL')
    await dying.ended
    await cluster.node.stop()
    const asked = questions().length
    const heir = await cluster.startNode()
    answers = [pending, agreed]
    await eventually(async () => expect(await state('carol')).toBe('valid'))
    expect(questions().length).toBe(asked + 2)
    await heir.stop()
  })
})
