import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { TokenReply } from '../../src/contract/token.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { refuseApp } from '../support/refuse-app.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()

let count = 0
/** Each test has its own database, because accounts of an earlier test would wake here. */
async function start(
  options: { connected?: boolean; policy?: 'lazy' | 'eager'; refreshable?: boolean } = {},
) {
  const provider = scriptedProvider()
  const redisUrl = `${engines.redisUrl}/${++count}`
  const node = await startTestNode({
    natsUrl: engines.natsUrl,
    redisUrl,
    refreshToken: provider.refreshToken,
  })
  const account = `account-${count}`
  const app = `app-${count}`
  await node.tokenbus.putApp(app, { ...sandboxApp, rotation: 'none' })
  const put = await node.tokenbus.putAccount(account, {
    app,
    user: 'someone',
    ...(options.refreshable !== false && { refreshToken: new Secret(`rt-${count}-0`) }),
    policy: options.policy ?? 'lazy',
    ...(options.connected !== false && {
      accessToken: new Secret(`at-${count}-0`),
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  })
  expect(put).toMatchObject({ ok: true })
  const state = async () => {
    const view = await node.tokenbus.getAccount(account)
    return view.ok ? view.value.state : view.failure.error
  }
  const get = async (want = {}) => {
    const reply = await node.tokenbus.getToken(account, want)
    return reply.ok ? (JSON.parse(new TextDecoder().decode(reply.value)) as TokenReply) : reply.failure
  }
  return { ...node, node, provider, account, app, state, get }
}

describe('a connected account', () => {
  it('is answered without a request to the provider', async () => {
    const { node, provider, get, account, app } = await start()
    await using _ = node
    expect(await get()).toEqual({
      account,
      user: 'someone',
      accessToken: `at-${count}-0`,
      provider: 'oidc',
      app,
      registeredScopes: ['openid', 'offline_access'],
      expires: expect.stringMatching(/^\d{4}-.*Z$/),
      generation: 1,
      version: 1,
      since: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(provider.requests).toEqual([])
  })

  it('without an access token is refreshed without a request', async () => {
    const { node, provider, get, state } = await start({ connected: false })
    await using _ = node
    await eventually(async () => expect(await state()).toBe('refreshing'))
    await provider.asked()
    provider.answer(answered({ accessToken: 'first', expiresIn: 3600 }))
    await eventually(async () => expect(await state()).toBe('valid'))
    expect(await get()).toMatchObject({ accessToken: 'first', generation: 2 })
  })

  it('shares one refresh between concurrent forced requests', async () => {
    const { node, provider, get } = await start()
    await using _ = node
    const replies = Promise.all([
      get({ forceRefresh: true }),
      get({ forceRefresh: true, minValidity: 10 }),
      get({ forceRefresh: true }),
    ])
    await provider.asked()
    provider.answer(answered({ accessToken: 'second', expiresIn: 3600 }))
    expect(await replies).toEqual(
      Array(3).fill(expect.objectContaining({ accessToken: 'second', generation: 2 })),
    )
    expect(provider.requests).toHaveLength(1)
  })

  it('serves its current token while a refresh is in flight', async () => {
    const { node, provider, get, state } = await start()
    await using _ = node
    const forced = get({ forceRefresh: true })
    await provider.asked()
    expect(await state()).toBe('refreshing')
    expect(await get()).toMatchObject({ generation: 1 })
    provider.answer(answered({ accessToken: 'second', expiresIn: 3600 }))
    expect(await forced).toMatchObject({ generation: 2 })
  })

  it('answers the unexpired token if a forced refresh fails temporarily', async () => {
    const { node, provider, get, state } = await start()
    await using _ = node
    const forced = get({ forceRefresh: true })
    await provider.asked()
    provider.answer(refused({ class: 'T', reason: 'provider_unavailable' }))
    expect(await forced).toMatchObject({ generation: 1, refreshed: false })
    expect(await state()).toBe('expiring')
  })
})

describe('a request', () => {
  it('for a longer minValidity than any token has is answered with minValidityMet: false, and others without', async () => {
    const { node, get } = await start()
    await using _ = node
    const unmet = { ...(await get()), minValidityMet: false }
    expect(await get({ minValidity: 7_200 })).toEqual(unmet)
    for (const wish of [{}, { minValidity: 60 }])
      for (const field of ['minValidityMet', 'refreshed']) expect(await get(wish)).not.toHaveProperty(field)
  })

  it('with forceRefresh and an older ifGeneration is answered with the current token', async () => {
    const { node, provider, get } = await start()
    await using _ = node
    const forced = get({ forceRefresh: true })
    await provider.asked()
    provider.answer(answered({ accessToken: 'second', expiresIn: 3600 }))
    expect(await forced).not.toHaveProperty('refreshed')
    expect(await get({ forceRefresh: true, ifGeneration: 1 })).toEqual(await get())
    expect(provider.requests).toHaveLength(1)
  })

  it('for a newer token than the rejected one gets retryAfter if the refresh fails', async () => {
    const { node, account } = await start({ refreshable: false })
    await using _ = node
    expect(await node.tokenbus.rejectToken(account, { generation: 1 })).toMatchObject({
      failure: { error: 'provider_unavailable', reason: 'token_rejected', retryAfter: 30 },
    })
  })
})

describe('a rejected token', () => {
  it('is replaced by one refresh for any number of reports, and not served until then', async () => {
    const { node, provider, account, get } = await start()
    await using _ = node
    const report = async () => {
      const reply = await node.tokenbus.rejectToken(account, { generation: 1 })
      return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
    }
    const reports = [report(), report()]
    await provider.asked()
    const waiting = get()
    provider.answer(answered({ accessToken: 'replaced', expiresIn: 3600 }))
    for (const reply of await Promise.all([...reports, waiting]))
      expect(reply).toMatchObject({ accessToken: 'replaced' })
    expect(await report()).toMatchObject({ accessToken: 'replaced' })
    expect(provider.requests).toHaveLength(1)
  })
})

describe('a revoked grant', () => {
  it('is answered with 403, reason and action at once, and its refresh token is not sent again', async () => {
    const { node, provider, get, state } = await start()
    await using _ = node
    const forced = get({ forceRefresh: true })
    await provider.asked()
    provider.answer(refused({ class: 'R', reason: 'grant_revoked', action: 'ask the user to reconnect' }))
    expect(await forced).toMatchObject({
      error: 'grant_revoked',
      reason: 'grant_revoked',
      recoverable: false,
      action: 'ask the user to reconnect',
    })
    expect(await state()).toBe('revoked')
    expect(await get({ forceRefresh: true })).toMatchObject({ error: 'grant_revoked' })
    expect(provider.requests).toHaveLength(1)
  })
})

describe('the client secret', () => {
  it('is expired once a second grant is refused; a new one restores all accounts without a new consent', async () => {
    const { node, provider, get, state, app } = await start({ connected: false })
    await using _ = node
    await provider.asked()
    provider.answer(refused({ class: 'P', reason: 'client_rejected', error: 'invalid_client' }))
    await eventually(async () => {
      const found = await node.host.apps.look(app)
      expect(found.context.question).not.toBeNull()
    })
    await refuseApp(node, app, { grant: 'another' })
    await eventually(async () => expect(await state()).toBe('secret-expired'))
    expect(await get()).toMatchObject({ error: 'client_secret_expired', recoverable: true })
    expect(await node.tokenbus.getApp(app)).toMatchObject({ value: { state: 'secret-expired' } })

    await node.tokenbus.addSecret(app, { secret: new Secret('renewed') })
    await provider.asked(2)
    provider.answer(answered({ accessToken: 'healed', expiresIn: 3600 }))
    await eventually(async () => expect(await get()).toMatchObject({ accessToken: 'healed' }))
    expect(await node.tokenbus.getApp(app)).toMatchObject({ value: { state: 'healthy' } })
  })
})
