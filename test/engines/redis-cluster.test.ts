import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { portNear } from '../../src/common/free-port.ts'
import { documentedAcl } from '../support/documented-acl.ts'
import { everythingWorks, isExportedWhole, onNode } from '../support/engine-contract.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

let servers: RedisServer[]
let nats: NatsServer

beforeAll(async () => {
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  servers = []
  while (servers.length < 6) {
    servers.push(await startRedis({ port: await clusterPort(), args: ['--cluster-enabled', 'yes'] }))
  }
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  const cli = promisify(execFile)
  await cli('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
  for (const { port } of servers) {
    await eventually(
      async () => {
        const { stdout } = await cli('redis-cli', ['-p', String(port), 'cluster', 'info'])
        expect(stdout).toContain('cluster_state:ok')
        expect(stdout).toContain('cluster_known_nodes:6')
        const replication = await cli('redis-cli', ['-p', String(port), 'info', 'replication'])
        expect(replication.stdout).toMatch(/connected_slaves:1|master_link_status:up/)
      },
      { every: 100 },
    )
  }
})
afterAll(async () => {
  await nats.stop()
  await Promise.all(servers.map((server) => server.stop()))
})

/** The nodes talk on this port plus 10,000, which must exist, and be free too. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    if ((await portNear(port)) === port && (await portNear(port + 10_000)) === port + 10_000) return port
  }
}

const hosts = () => servers.map(({ port }) => `127.0.0.1:${port}`).join(',')

async function onEach(run: (server: Redis) => Promise<unknown>): Promise<void> {
  for (const { port } of servers) {
    const server = new Redis({ port })
    await run(server)
    server.disconnect()
  }
}

it('everything works on a Redis Cluster of three masters with replicas, under the documented ACL', async () => {
  const rules = await documentedAcl('pass', { cluster: true })
  await onEach((server) => server.call('ACL', 'SETUSER', 'tokenbus', 'reset', ...rules))
  const redisUrl = `redis+cluster://tokenbus:pass@${hosts()}`
  await onNode({ natsUrl: nats.url, redisUrl }, everythingWorks)
  await onEach(async (server) => expect(await server.call('ACL', 'LOG')).toEqual([]))
})

it('a master that restarts empty is refused: nothing is served until its data is restored, and no node starts', async () => {
  const urls = { natsUrl: nats.url, redisUrl: `redis+cluster://${hosts()}` }
  await onNode(urls, async (node) => {
    for (let i = 0; i < 20; i++) await putTestAccount(node, `account-${i}`)
    await isExportedWhole(urls, 20)
    const masters: Redis[] = []
    for (const { port } of servers) {
      const server = new Redis({ port })
      const isMaster = /role:master/.test(await server.info('replication'))
      const holdsMeta = (await server.keys('tb:meta')).length > 0
      if (isMaster && !holdsMeta) masters.push(server)
      else server.disconnect()
    }
    const emptied = masters[0] as Redis
    const keys = await emptied.keys('tb:*')
    const dumps = await Promise.all(
      keys.map(async (key) => [key, await emptied.dumpBuffer(key), await emptied.pttl(key)] as const),
    )
    await emptied.flushall()
    node.host.cache.clear()
    await eventually(
      async () => {
        for (let i = 0; i < 20; i++) {
          const { error, accessToken } = await getToken(node, `account-${i}`)
          expect(error ?? accessToken).toBe('storage_unavailable')
        }
      },
      { every: 200 },
    )
    expect(node.storage.trouble()).toContain('has lost a part of its data, partition')
    await expect(onNode(urls, async () => {})).rejects.toThrow(/has lost a part of its data, partitions/)
    for (const [key, dump, ttl] of dumps)
      if (dump !== null) await emptied.restore(key, Math.max(0, ttl), dump, 'REPLACE')
    await eventually(
      async () => {
        for (let i = 0; i < 20; i++)
          expect(await getToken(node, `account-${i}`)).toHaveProperty('accessToken')
      },
      { every: 200 },
    )
    for (const server of masters) server.disconnect()
  })
})
