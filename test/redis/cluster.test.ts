import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { portNear } from '../../src/embedded/free-port.ts'
import { Secret } from '../../src/secret.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

let masters: RedisServer[]
let nats: NatsServer

beforeAll(async () => {
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  masters = []
  while (masters.length < 3) {
    masters.push(await startRedis({ port: await clusterPort(), args: ['--cluster-enabled', 'yes'] }))
  }
  const addresses = masters.map(({ port }) => `127.0.0.1:${port}`)
  const cli = promisify(execFile)
  await cli('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  for (const { port } of masters) {
    await eventually(
      async () => {
        const { stdout } = await cli('redis-cli', ['-p', String(port), 'cluster', 'info'])
        expect(stdout).toContain('cluster_state:ok')
        expect(stdout).toContain('cluster_known_nodes:3')
      },
      { within: 15_000, every: 100 },
    )
  }
})
afterAll(async () => {
  await nats.stop()
  await Promise.all(masters.map((master) => master.stop()))
})

/** The nodes talk on this port plus 10,000, which must exist, and be free too. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    if ((await portNear(port)) === port && (await portNear(port + 10_000)) === port + 10_000) return port
  }
}

it('everything works on a Redis Cluster of three masters', async () => {
  const redisUrl = `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  const provider = scriptedProvider()
  await using node = await startTestNode({
    natsUrl: nats.url,
    redisUrl,
    refreshToken: provider.refreshToken,
    partitions: 64,
  })
  const { tokenbus, storage } = node
  await tokenbus.putApp('app', { ...sandboxApp })
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  for (let i = 0; i < 100; i++) {
    const tokens = { accessToken: new Secret('a'), refreshToken: new Secret(`r${i}`), expires }
    expect(
      await tokenbus.putAccount(`account-${i}`, { app: 'app', user: 'someone', ...tokens }),
    ).toMatchObject({ ok: true })
  }
  const forced = tokenbus.getToken('account-7', { forceRefresh: true })
  await provider.asked()
  provider.answer(answered({ accessToken: 'b', refreshToken: 'next', expiresIn: 3_600 }))
  expect(await forced).toMatchObject({ ok: true })
  expect(await tokenbus.listAccounts({ state: 'valid', limit: 1_000 })).toMatchObject({
    value: { accounts: { length: 100 } },
  })
  expect(await storage.records.countByApp('app')).toBe(100)
  await eventually(async () => expect(await storage.records.outbox.size()).toBe(0))
  expect(await tokenbus.accountHistory('account-7', {})).toMatchObject({
    value: { transitions: { length: 3 } },
  })
  expect(await storage.confirmSave('account-7')).toBe(true)
})
