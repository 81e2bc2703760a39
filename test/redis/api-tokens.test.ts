import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiTokenStore } from '../../src/redis/api-tokens.ts'
import { createCommands } from '../../src/redis/commands.ts'
import type { Integrity } from '../../src/redis/integrity.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

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

const row = {
  id: 'old',
  name: 'old',
  digest: '00',
  scopes: ['app:write'],
  perSecond: 1,
  createdAt: 1,
  expiresAt: null,
}
const beforeMacs: Integrity = {
  sign: () => undefined,
  verify: () => ({ accepted: true, stale: false }),
  report() {},
  onTampering() {},
}

describe('an API token stored before apps were bound', () => {
  it.each([
    ['*', '*'],
    ['team-a-*', null],
  ])('for the accounts %s is valid for the apps %s', async (accounts, apps) => {
    await redis.hset('tb:{api-tokens}', 'old', JSON.stringify({ ...row, accounts }))
    const { run } = createCommands(redis)
    const store = createApiTokenStore({ redis, run, integrity: beforeMacs })
    expect(await store.get('old')).toMatchObject({ accounts, apps })
  })
})
