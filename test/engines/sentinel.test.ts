import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { documentedAcl } from '../support/documented-acl.ts'
import { everythingWorks, isExportedWhole, onNode, refreshOnce } from '../support/engine-contract.ts'
import { eventually } from '../support/eventually.ts'
import { type GuardedServer, startGuarded } from '../support/guarded-server.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis.ts'
import { answered } from '../support/scripted-provider.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

let nats: NatsServer
let master: RedisServer
let replica: RedisServer
let sentinel: GuardedServer
let redisUrl: string
let directory: string

beforeAll(async () => {
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  master = await startRedis()
  replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-sentinel-'))
  const port = await freePort()
  const config = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor tokens 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds tokens 1000',
    'sentinel failover-timeout tokens 5000',
  ]
  await writeFile(config, lines.join('\n'))
  sentinel = await startGuarded('$REDIS_SERVER redis-server valkey-server', { args: [config, '--sentinel'] })
  sentinel.shell.stdout.resume()
  for (const each of [master, replica]) {
    const admin = new Redis(each.url)
    await admin.call('ACL', 'SETUSER', 'tokenbus', 'reset', ...(await documentedAcl('pass')))
    admin.disconnect()
  }
  redisUrl = `redis+sentinel://tokenbus:pass@127.0.0.1:${port}/tokens`
  const client = new Redis({ port, retryStrategy: () => 100 }).on('error', () => {})
  // A sentinel that does not know the replica has nobody to turn to.
  await eventually(
    async () => {
      const [known] = (await client.call('SENTINEL', 'REPLICAS', 'tokens')) as string[][]
      expect(known).toContain('127.0.0.1')
      expect(known).toEqual(expect.arrayContaining(['ok', 'slave']))
    },
    { every: 200 },
  )
  client.disconnect()
})
afterAll(async () => {
  await sentinel.end('SIGKILL')
  await Promise.all([replica.stop(), master.stop(), nats.stop()])
  await rm(directory, { recursive: true, force: true })
})

it('everything works with Sentinel under the documented ACL, and a failover loses no rotated token', () =>
  onNode({ natsUrl: nats.url, redisUrl }, async (node, provider) => {
    await everythingWorks(node, provider)
    await putTestAccount(node, 'alice', { rotation: 'strict' })
    expect(await refreshOnce(node, provider, 'alice', 2)).toBe('r1')
    await isExportedWhole({ natsUrl: nats.url, redisUrl }, 1)
    const before = provider.requests.length
    const forced = getToken(node, 'alice', { forceRefresh: true })
    await provider.asked(before + 1)
    await master.kill()
    provider.answer(answered({ accessToken: 'a3', refreshToken: 'r3', expiresIn: 3_600 }))
    await forced
    await eventually(async () => expect(await getToken(node, 'alice')).toMatchObject({ accessToken: 'a3' }), {
      every: 250,
    })
    // The replica that took over has no replica of its own, which is noticed within seconds.
    expect(await refreshOnce(node, provider, 'alice', 4)).toBe('r3')
    expect(provider.requests.slice(before).map(({ refreshToken }) => refreshToken?.reveal())).toEqual([
      'r2',
      'r3',
    ])
    const admin = new Redis(replica.url)
    expect(await admin.call('ACL', 'LOG')).toEqual([])
    admin.disconnect()
  }))
