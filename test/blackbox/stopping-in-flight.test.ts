import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startFaultProvider } from '../support/fault-provider.ts'
import { startNodes } from '../support/nodes.ts'
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
