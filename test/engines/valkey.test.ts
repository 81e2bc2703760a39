import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCommands } from '../../src/redis/commands.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { createRecords } from '../../src/redis/records.ts'
import { everythingWorks, onNode } from '../support/engine-contract.ts'
import { isInstalled } from '../support/installed.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { recordsContract } from '../support/records-contract.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

const program = process.env.VALKEY_SERVER ?? 'valkey-server'
const missing = !isInstalled(program)

describe.skipIf(missing)(`Valkey${missing ? ' (skipped: valkey-server is not installed)' : ''}`, () => {
  let server: RedisServer
  let nats: NatsServer
  let redis: Redis

  beforeAll(async () => {
    nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
    server = await startRedis({ program })
    redis = (await connectRedis({ url: server.url, logger: pino({ level: 'silent' }) })) as Redis
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
    await nats.stop()
  })

  it('is the server of this test', async () =>
    expect(await redis.info('server')).toMatch(/valkey_version:[89]\./))

  it('runs everything', () => onNode({ natsUrl: nats.url, redisUrl: `${server.url}/1` }, everythingWorks))

  recordsContract({
    async open(options) {
      await redis.flushdb()
      return createRecords({ commands: createCommands(redis), ...options })
    },
    async wakeUpOf(id, count) {
      const score = await redis.zscore(keysOf(partitionOf(id, count)).due, `account:${id}`)
      return score === null ? null : Number(score)
    },
  })
})
