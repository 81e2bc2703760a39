import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { startFaultProvider } from '../support/fault-provider.ts'
import { startNodes } from '../support/nodes.ts'
import { startPlainProvider } from '../support/plain-provider.ts'
import { inAnHour } from '../support/test-account.ts'

it('SIGTERM waits until a request in flight has timed out, and no other node sends its token', async () => {
  await using provider = await startFaultProvider()
  await using cluster = await startNodes()
  const { request } = cluster
  const leaving = await cluster.startNode()
  const { tokenUrl } = provider
  await request('app.put.app', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: 'secret',
    tokenUrl,
    rotation: 'strict',
  })
  await request('account.put.alice', {
    app: 'app',
    user: 'alice',
    policy: 'lazy',
    accessToken: 'first',
    refreshToken: provider.grant('alice', 'strict'),
    expires: inAnHour(),
  })
  provider.behave('think')
  void request('token.get.alice', { forceRefresh: true })
  await eventually(() => expect(provider.held()).toHaveLength(1))

  await cluster.startNode()
  expect(await leaving.stop()).toBe(0)
  expect(leaving.output()).not.toContain('not stopped in time')
  expect(provider.requests).toHaveLength(1)
  expect(await request('token.get.alice')).toMatchObject({ accessToken: 'first' })

  provider.behave('well')
  await eventually(async () =>
    expect(await request('account.get.alice')).toMatchObject({ state: 'valid', generation: 2 }),
  )
  expect(provider.requests).toHaveLength(2)
  expect(provider.truth('alice')).toMatchObject({ alive: true, reuses: 0 })
})

it('SIGTERM waits until a code that is being redeemed is stored, and the browser gets the result', async () => {
  /** Milliseconds; longer than other requests in flight are waited for. */
  const thinks = 7_000
  await using provider = await startPlainProvider({
    async answer({ form }) {
      if (form.grant_type === 'authorization_code') await delay(thinks)
      return [200, { access_token: 'at', refresh_token: 'rt', expires_in: 3_600 }]
    },
  })
  await using cluster = await startNodes()
  const { request } = cluster
  const leaving = await cluster.startNode({ TOKENBUS_REDIRECT_ORIGINS: 'http://caller.example' })
  const { origin } = provider
  await request('app.put.app', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: 'secret',
    authorizeUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    scopes: ['mail'],
  })
  const { token } = await request('api-token.create', { name: 'test', scopes: ['account:write'] })
  const form = await fetch(`${leaving.httpUrl()}/v1/authentication/form`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ account: 'alice', type: 'app', redirectUrl: 'http://caller.example/done' }),
  })
  const { open } = createBrowser()
  const page = await open(((await form.json()) as { url: string }).url)
  const callback = await open(page.location as string)
  const answered = open(callback.location as string)
  await eventually(() => expect(provider.calls).toHaveLength(1))

  const ended = leaving.stop()
  expect(await answered).toMatchObject({ status: 302, location: expect.stringContaining('account=alice') })
  expect(await ended).toBe(0)
  expect(leaving.output()).not.toContain('not stopped in time')
  await cluster.startNode()
  expect(await request('account.get.alice')).toMatchObject({ state: 'valid' })
})
