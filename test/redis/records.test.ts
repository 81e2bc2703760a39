import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCommands } from '../../src/redis/commands.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { createRecords, type Records } from '../../src/redis/records.ts'
import { StorageUnavailable } from '../../src/redis/storage-unavailable.ts'
import { eventually } from '../support/eventually.ts'
import { recordSamples } from '../support/record-samples.ts'
import { recordsContract } from '../support/records-contract.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { startProxy } from '../support/tcp-proxy.ts'

const logger = pino({ level: 'silent' })
const partitions = 4
const { newId, entry, change } = recordSamples()
let server: RedisServer
let redis: Redis
let records: Records

const connectAt = async (port: number) =>
  (await connectRedis({ url: `redis://127.0.0.1:${port}`, logger })) as Redis
const load = (id: string) => records.load({ kind: 'account', id })

beforeAll(async () => {
  server = await startRedis()
  redis = await connectAt(server.port)
  records = createRecords({ commands: createCommands(redis), partitions })
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

describe('records in Redis', () =>
  recordsContract({
    async open(options) {
      await redis.flushall()
      return createRecords({ commands: createCommands(redis), ...options })
    },
    async wakeUpOf(id, count) {
      const score = await redis.zscore(keysOf(partitionOf(id, count)).due, `account:${id}`)
      return score === null ? null : Number(score)
    },
  }))

describe('a tombstone', () => {
  it('expires after seven days, unless a later save replaces it', async () => {
    const id = newId()
    const key = keysOf(partitionOf(id, partitions)).record({ kind: 'account', id })
    await records.save(change(id))
    await records.save(change(id, { state: null, app: null, previous: await load(id), tombstone: true }))
    expect(await redis.ttl(key)).toBeGreaterThan(6.9 * 86_400)
    await records.save(change(id, { previous: await load(id) }))
    expect(await redis.ttl(key)).toBe(-1)
  })
})

describe('a bad connection', () => {
  it('that loses the reply of a save does not lose the save', async () => {
    await using proxy = await startProxy({ port: server.port })
    const behind = await connectAt(proxy.port)
    const unsure = createRecords({ commands: createCommands(behind), partitions })
    const id = newId()
    await unsure.load({ kind: 'account', id })
    await unsure.save(change(newId()))
    proxy.loseReplies()
    expect(await unsure.save(change(id, { outbox: [entry(id, 'token.refreshed')] }))).toMatchObject({
      saved: true,
      version: 1,
    })
    const waiting = await records.outbox.read({ partition: partitionOf(id, partitions), count: 1_000 })
    expect(waiting.filter((each) => each.entry.ref.id === id)).toHaveLength(1)
    expect((await load(id)).version).toBe(1)
    behind.disconnect()
  })

  it('that transfers nothing is StorageUnavailable until it recovers', async () => {
    await using proxy = await startProxy({ port: server.port })
    const behind = await connectAt(proxy.port)
    const cutOff = createRecords({ commands: createCommands(behind), partitions })
    const id = newId()
    proxy.freeze()
    await expect(cutOff.load({ kind: 'account', id })).rejects.toThrow(StorageUnavailable)
    proxy.restore()
    await eventually(() => cutOff.load({ kind: 'account', id }))
    behind.disconnect()
  })
})
