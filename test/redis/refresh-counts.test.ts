import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRefreshCounts } from '../../src/redis/refresh-counts.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

const hour = 3_600_000
let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

it('refreshes are counted by hour and reason, and counts that Redis rejects are added later', async () => {
  const clock = { now: () => 5 * hour + 1 }
  const counts = createRefreshCounts({ redis, clock, logger: { debug() {} } })
  await redis.set('tb:refreshes:5', 'of another type, so that HINCRBY is refused')
  counts.refreshEnded(null)
  counts.refreshEnded('grant_revoked')
  await expect(counts.lastHours(2)).rejects.toThrow()

  await redis.del('tb:refreshes:5')
  counts.refreshEnded(null)
  expect(await counts.lastHours(2)).toEqual([
    { from: 4 * hour, succeeded: 0, failed: [] },
    { from: 5 * hour, succeeded: 2, failed: [{ reason: 'grant_revoked', count: 1 }] },
  ])
  await counts.stop()
})
