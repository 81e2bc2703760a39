import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { openStorage } from '../../src/redis/storage.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'

const logger = pino({ level: 'silent' })
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const place = { account: 'alice', generation: 1, slot: 'c' }

it('encryptions are counted per key over all nodes and restarts, and a new key starts at zero', async () => {
  const redis = await startRedis()
  const one = key('one')
  const open = (keys: string) => openStorage({ url: redis.url, keys, partitions: 4, logger })
  const [first, second] = [await open(one), await open(one)]
  await second.seals()
  const before = await first.seals()
  for (let i = 0; i < 5; i++) first.sealer.seal({ text: 'a', ...place })
  for (let i = 0; i < 3; i++) second.sealer.seal({ text: 'b', ...place })
  await second.close()
  expect(await first.seals()).toBe(before + 8)
  expect(await first.seals()).toBe(before + 8)
  await first.close()
  const again = await open(one)
  expect(await again.seals()).toBeGreaterThanOrEqual(before + 8)
  const rotated = await open(`${key('two')},${one}`)
  expect(await rotated.seals()).toBeLessThan(before + 8)
  await rotated.close()
  await again.close()
  await redis.stop()
})

it('counts that could not be written are added later', async () => {
  const redis = await startRedis()
  const storage = await openStorage({ url: redis.url, keys: key('one'), partitions: 4, logger })
  const before = await storage.seals()
  await redis.pause()
  storage.sealer.seal({ text: 'a', ...place })
  await expect(storage.seals()).rejects.toThrow()
  redis.resume()
  // Redis may have executed the first attempt: the count may be too high, but not too low.
  await eventually(async () => expect(await storage.seals()).toBeGreaterThan(before))
  await storage.close()
  await redis.stop()
})
