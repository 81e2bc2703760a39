import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { startProxy } from '../support/tcp-proxy.ts'

type Line = Record<string, unknown> & { msg: string }

it('level info has one line per relevant event, with consistent fields', async () => {
  await using cluster = await startCluster()
  await using redisProxy = await startProxy({ port: cluster.redisServer.port })
  await using natsProxy = await startProxy({ port: cluster.natsServer.port })
  const admin = new Redis(cluster.redisServer.url)
  await admin.call('ACL', 'SETUSER', 'service', 'on', '>redis-password', '~*', '&*', '+@all')
  admin.disconnect()
  const node = await cluster.startNode({
    TOKENBUS_REDIS_URL: `redis://service:redis-password@127.0.0.1:${redisProxy.port}`,
    TOKENBUS_NATS_URL: `nats://service:nats-password@127.0.0.1:${natsProxy.port}`,
    TOKENBUS_PUBLIC_URL: 'http://proxy:public-password@tokens.example.com/base',
    TOKENBUS_LOG_LEVEL: 'info',
  })
  const { sandbox, request } = cluster
  const lines = (msg: string) =>
    node
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line.msg === msg && line.connection === undefined)
  const said = (msg: string, count = 1) =>
    eventually(() => expect([msg, lines(msg).length]).toEqual([msg, count]))

  expect(lines('configuration')).toMatchObject([
    {
      redis: `127.0.0.1:${redisProxy.port}`,
      nats: `127.0.0.1:${natsProxy.port}`,
      publicUrl: 'http://tokens.example.com/base',
      keys: ['test'],
      audit: 'stderr',
    },
  ])

  await cluster.connectAccount('alice')
  await request('token.get.alice')
  sandbox.control.outage(60_000)
  await request('token.get.alice', { forceRefresh: true })
  await said('refresh failed')
  expect(lines('refresh failed')).toMatchObject([
    { account: 'alice', app: 'sandbox', class: 'T', reason: expect.any(String), status: 503 },
  ])
  sandbox.control.heal()

  await cluster.connectAccount('alice')
  await cluster.connectAccount('bob')
  sandbox.control.expireSecret()
  await request('token.get.alice', { forceRefresh: true })
  await said('app circuit half-open')
  await request('token.get.bob', { forceRefresh: true })
  await said('app circuit open')
  expect(lines('app circuit half-open')).toMatchObject([{ app: 'sandbox', reason: 'client' }])
  expect(lines('app circuit open')).toMatchObject([
    { app: 'sandbox', class: 'P', reason: expect.any(String) },
  ])
  await request('app.secret.add.sandbox', { secret: sandbox.control.newSecret().reveal() })
  await said('app restored')

  await eventually(async () => expect(await request('account.get.alice')).toMatchObject({ state: 'valid' }))
  sandbox.control.revoke('alice')
  await request('token.get.alice', { forceRefresh: true })
  await said('account revoked')
  expect(lines('account revoked')).toMatchObject([
    {
      account: 'alice',
      app: 'sandbox',
      class: 'A',
      reason: expect.any(String),
      recoverable: expect.any(Boolean),
    },
  ])

  for (const [proxy, name] of [
    [redisProxy, 'redis'],
    [natsProxy, 'nats'],
  ] as const) {
    proxy.refuse()
    await said(`${name} disconnected`)
    proxy.restore()
    await said(`${name} reconnected`)
    expect(lines(`${name} disconnected`).length).toBe(1)
  }

  await node.stop()
  expect(lines('stopping')).toMatchObject([{ signal: 'SIGTERM' }])
  const parts = lines('stopped').map(({ part }) => part)
  expect(parts).toEqual(expect.arrayContaining(['HTTP', 'requests over NATS', 'waker', 'refreshes', 'redis']))
  expect(new Set(parts).size).toBe(parts.length)
  expect(lines('tokenbus stopped').length).toBe(1)
  expect(node.output()).not.toMatch(/(redis|nats|public)-password/)
})
