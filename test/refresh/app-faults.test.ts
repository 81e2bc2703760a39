import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { Reason } from '../../src/contract/reasons.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { passTime } from '../support/pass-time.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()

const day = 86_400_000
const noClient = refused({ class: 'P', reason: 'client_rejected', error: 'invalid_client' })
const tokens = answered({ accessToken: 'healed', expiresIn: 3600 })

let database = 0
/** An app with an account that needs its first token, and one that has a token. */
async function start(secrets = ['one'], { withBob = true } = {}) {
  const provider = scriptedProvider()
  const redisUrl = `${engines.redisUrl}/${++database}`
  const node = await startTestNode({
    natsUrl: engines.natsUrl,
    redisUrl,
    refreshToken: provider.refreshToken,
  })
  const { tokenbus } = node
  const { clientSecret: _, ...app } = sandboxApp
  const put = (texts: readonly string[]) =>
    tokenbus.putApp('app', {
      ...app,
      rotation: 'none',
      secrets: texts.map((text) => ({ id: text, secret: new Secret(text) })),
    })
  await put(secrets)
  // A second grant, because one refused grant does not open the circuit.
  const fresh = { accessToken: new Secret('a'), expires: new Date(Date.now() + 3_600_000).toISOString() }
  const bob = { app: 'app', user: 'bob', refreshToken: new Secret('s'), policy: 'lazy' as const, ...fresh }
  if (withBob) await tokenbus.putAccount('bob', bob)
  await tokenbus.putAccount('alice', { app: 'app', user: 'alice', refreshToken: new Secret('r') })
  const isNow = (what: 'alice' | 'bob' | 'app', expected: object) =>
    eventually(async () => {
      const view = what === 'app' ? await tokenbus.getApp('app') : await tokenbus.getAccount(what)
      expect(view).toMatchObject({ ok: true, value: expected })
    })
  return {
    ...node,
    redisUrl,
    provider,
    put,
    isNow,
    addSecret: (id: string, text: string) => tokenbus.addSecret('app', { id, secret: new Secret(text) }),
    usedSecrets: () => provider.requests.map(({ clientSecret }) => clientSecret?.reveal()),
  }
}

describe('a refusal that names the client', () => {
  it.each<[Reason, string]>([
    ['client_rejected', 'invalid_client'],
    ['client_secret_expired', 'invalid_client'],
    ['client_assertion_rejected', 'invalid_client'],
    ['app_not_found', 'unauthorized_client'],
    ['app_disabled', 'disabled_client'],
    ['client_not_authorized', 'unauthorized_client'],
  ])(
    '%s opens the circuit once a second grant is refused, shows on the account, and is cleared by a put of the app',
    async (reason, error) => {
      await using app = await start()
      const { provider, isNow } = app
      const refusal = refused({ class: 'P', reason, error, action: 'do something' })
      await provider.asked()
      provider.answer(refusal)
      await provider.asked(2)
      provider.answer(refusal)
      await isNow('app', { state: 'secret-expired', lastError: { reason, action: 'do something' } })
      await isNow('alice', { state: 'secret-expired', class: 'P', reason, action: 'do something' })

      // The operator fixes the app, and puts it again.
      await app.put(['one'])
      await provider.asked(3)
      provider.answer(tokens)
      await isNow('app', { state: 'healthy' })
      await provider.asked(4)
      provider.answer(tokens)
      await isNow('alice', { state: 'valid' })
      expect(provider.requests).toHaveLength(4)
    },
  )

  it('in one tenant of a multi-tenant app affects only that account', async () => {
    await using app = await start()
    await app.tokenbus.putApp('app', { provider: 'outlook', clientId: 'c', clientSecret: new Secret('one') })
    await app.provider.asked()
    app.provider.answer(refused({ class: 'P', reason: 'app_not_found', error: 'unauthorized_client' }))
    await app.isNow('alice', { state: 'secret-expired', class: 'P', reason: 'app_not_found' })
    await app.isNow('app', { state: 'healthy' })
    const view = await app.tokenbus.getAccount('alice')
    const soon = new Date(Date.now() + 3_000_000).toISOString()
    expect(view.ok && (view.value.nextAttemptAt ?? '') > soon).toBe(true)
    expect(app.provider.requests).toHaveLength(1)
  })

  it('in one tenant keeps its retry time when the grant’s end is announced', async () => {
    await using app = await start()
    await app.tokenbus.putApp('app', { provider: 'outlook', clientId: 'c', clientSecret: new Secret('one') })
    const grantExpires = new Date(Date.now() + 8 * day).toISOString()
    const put = { app: 'app', user: 'alice', refreshToken: new Secret('r2'), grantExpires }
    await app.tokenbus.putAccount('alice', put)
    const unknown = refused({ class: 'P', reason: 'app_not_found', error: 'unauthorized_client' })
    const answering = setInterval(() => {
      if (app.provider.isAsked()) app.provider.answer(unknown)
    }, 10)
    try {
      await app.isNow('alice', { state: 'secret-expired' })
      const asked = app.provider.requests.length
      await passTime({ redisUrl: app.redisUrl, partitions: 4, ref: { account: 'alice' }, by: 1.2 * day })
      await eventually(async () =>
        expect((await app.host.accounts.load('alice')).snapshot.context.grantEndTold).toBe(true),
      )
      await app.provider.asked(asked + 1)
      await app.isNow('alice', { state: 'secret-expired' })
      expect(app.provider.requests).toHaveLength(asked + 1)
    } finally {
      clearInterval(answering)
    }
  })

  it('from one grant does not open the circuit', async () => {
    await using app = await start()
    await app.provider.asked()
    app.provider.answer(noClient)
    await app.provider.asked(2)
    app.provider.answer(tokens)
    await app.provider.asked(3)
    app.provider.answer(tokens)
    await app.isNow('alice', { state: 'valid' })
    await app.isNow('app', { state: 'healthy', secrets: [{ id: 'one', rejected: false }] })
  })
})

describe('a grant that is refused with a general error code', () => {
  it('is retried as soon as its app is changed', async () => {
    await using app = await start(['one'], { withBob: false })
    const { provider, isNow } = app
    await provider.asked()
    provider.answer(refused({ class: 'S', reason: 'access_denied', general: true }))
    await isNow('alice', { state: 'revoked', class: 'S', reason: 'access_denied', recoverable: true })
    await app.addSecret('two', 'another')
    await provider.asked(2)
    provider.answer(tokens)
    await isNow('alice', { state: 'valid' })
    await isNow('app', { state: 'healthy' })
  })
})

describe('several secrets', () => {
  it('are tried in order, and the accepted one is used from then on', async () => {
    await using app = await start(['one', 'two', 'three'])
    const { provider } = app
    for (const [i, answer] of [noClient, noClient, tokens].entries()) {
      await provider.asked(i + 1)
      provider.answer(answer)
    }
    await app.isNow('alice', { state: 'valid' })
    await app.isNow('app', {
      state: 'healthy',
      secrets: [
        { id: 'one', rejected: true },
        { id: 'two', rejected: true },
        { id: 'three', rejected: false },
      ],
    })
    void app.tokenbus.getToken('alice', { forceRefresh: true })
    await provider.asked(4)
    provider.answer(tokens)
    expect(app.usedSecrets()).toEqual(['one', 'two', 'three', 'three'])
  })

  it('that are all refused for two grants open the circuit, and probes try each of them', async () => {
    await using app = await start(['one', 'two'])
    const { provider } = app
    for (let i = 1; i <= 4; i++) {
      await provider.asked(i)
      provider.answer(noClient)
    }
    await app.isNow('app', { state: 'secret-expired' })
    await app.isNow('alice', { state: 'secret-expired' })
    for (let i = 5; i <= 6; i++) {
      await app.put(['one', 'two'])
      await provider.asked(i)
      provider.answer(noClient)
      await app.isNow('alice', { state: 'secret-expired' })
    }
    expect(app.usedSecrets().slice(0, 4)).toEqual(['one', 'two', 'one', 'two'])
    expect(new Set(app.usedSecrets().slice(4))).toEqual(new Set(['one', 'two']))
  })
})

describe('an account that waits for its app’s secret', () => {
  async function waiting() {
    const app = await start()
    for (let i = 1; i <= 2; i++) {
      await app.provider.asked(i)
      app.provider.answer(noClient)
    }
    await app.isNow('alice', { state: 'secret-expired' })
    return app
  }

  it('is woken by a new secret under the same id', async () => {
    await using app = await waiting()
    await app.addSecret('one', 'renewed')
    await app.provider.asked(4)
    app.provider.answer(tokens)
    app.provider.answer(tokens)
    await app.isNow('alice', { state: 'valid' })
    expect(app.usedSecrets().at(-1)).toBe('renewed')
  })

  it('is woken also if the secret is added while its probe is in flight', async () => {
    await using app = await waiting()
    await app.put(['one'])
    await app.provider.asked(3)
    await app.addSecret('two', 'renewed')
    await app.isNow('app', { state: 'healthy' })
    // The fan-out is over; the probe with the old secret ends only now.
    await app.provider.asked(4)
    app.provider.answer(refused({ class: 'T', reason: 'provider_unavailable' }))
    app.provider.answer(tokens)
    await app.provider.asked(5)
    app.provider.answer(tokens)
    await app.isNow('alice', { state: 'valid' })
  })

  it('restores the app when its probe is refused with an error about the grant', async () => {
    await using app = await waiting()
    await app.put(['one'])
    await app.provider.asked(3)
    app.provider.answer(refused({ class: 'R', reason: 'grant_revoked', error: 'invalid_grant' }))
    await app.isNow('app', { state: 'healthy' })
    await app.provider.asked(4)
    app.provider.answer(tokens)
    const states = (['alice', 'bob'] as const).map((who) => app.isNow(who, { state: 'revoked' }))
    await Promise.any(states)
  })
})
