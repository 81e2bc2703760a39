import { connect, type NatsConnection } from 'nats'
import { expect, it } from 'vitest'
import { everythingWorks, onNode, refreshOnce } from '../support/engine-contract.ts'
import { eventually } from '../support/eventually.ts'
import { judgeEvents } from '../support/judge-events.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { freePort, startRedis } from '../support/redis.ts'
import { putTestAccount } from '../support/test-account.ts'

interface ThreeServers extends AsyncDisposable {
  readonly servers: readonly NatsServer[]
  readonly client: NatsConnection
}

async function startThree(): Promise<ThreeServers> {
  const ports = [await freePort(), await freePort(), await freePort()]
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ')
  const servers = await Promise.all(
    ports.map((port, i) =>
      startNats({
        configText: `
          server_name: server-${i}
          jetstream { max_file_store: 20GB }
          cluster { name: tests, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  )
  const client = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 })
  // Until the three have elected a leader, JetStream takes nothing.
  await eventually(
    async () => {
      const manager = await client.jetstreamManager()
      await manager.streams.add({ name: 'ELECTED', subjects: ['elected'], num_replicas: 3 })
      await manager.streams.delete('ELECTED')
    },
    { every: 250 },
  )
  return {
    servers,
    client,
    async [Symbol.asyncDispose]() {
      await client.close()
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

it('everything works on three NATS servers, and on the other two after one is killed', async () => {
  await using redis = await startRedis()
  await using three = await startThree()
  const { servers, client } = three
  const natsUrl = servers.map(({ url }) => url).join()
  await onNode({ natsUrl, redisUrl: redis.url }, async (node, provider) => {
    const { streams } = await client.jetstreamManager()
    expect((await streams.info('TOKENBUS_HISTORY')).config.num_replicas).toBe(3)
    await everythingWorks(node, provider)
    await putTestAccount(node, 'alice')
    // The one that takes the events in.
    const { cluster } = await streams.info('TOKENBUS_EVENTS')
    const leader = servers.findIndex((_, i) => `server-${i}` === cluster?.leader)
    await servers[leader]?.kill()
    for (const generation of [2, 3, 4]) await refreshOnce(node, provider, 'alice', generation)
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0), {
      every: 100,
    })
    expect(await judgeEvents(client)).toEqual({
      'events missing': 0,
      'events doubled': 0,
      'events out of order': 0,
    })
  })
})
