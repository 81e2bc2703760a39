import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { portNear } from '../../src/common/free-port.ts'
import { everythingWorks, onNode } from '../support/engine-contract.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

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

it('everything works on a Redis Cluster of three masters, each with a replica that is waited for', async () => {
  const redisUrl = `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  await onNode({ natsUrl: nats.url, redisUrl }, everythingWorks)
})
