import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCommands } from '../../src/redis/commands.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { createRecords, type Records } from '../../src/redis/records.ts'
import { createSaveConfirmation, type SaveConfirmation } from '../../src/redis/save-confirmation.ts'
import { eventually } from '../support/eventually.ts'
import { recordSamples } from '../support/record-samples.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

const logger = pino({ level: 'silent' })
const partitions = 4
let master: RedisServer
let replica: RedisServer
let redis: Redis
let records: Records
let confirmation: SaveConfirmation

beforeAll(async () => {
  master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
  redis = (await connectRedis({ url: master.url, logger })) as Redis
  await eventually(async () => {
    await redis.set('followed', '')
    expect(await redis.wait(1, 100)).toBe(1)
  })
  records = createRecords({ commands: createCommands(redis), partitions })
  confirmation = await createSaveConfirmation({ redis, partitions, within: 500 })
})
afterAll(async () => {
  confirmation.close()
  redis.disconnect()
  await Promise.all([replica.kill(), master.kill()])
})

const { change } = recordSamples()
async function save(id: string) {
  const changed = change(id)
  await records.save(changed)
  return { ref: changed.ref, saveId: changed.saveId }
}

it('concurrent saves that a replica has are confirmed', async () => {
  const ids = Array.from({ length: 50 }, (_, i) => `account-${i}`)
  const saves = await Promise.all(ids.map(save))
  // Patient, because replication has no deadline on a busy machine.
  const patient = await createSaveConfirmation({ redis, partitions, within: 60_000 })
  expect(await Promise.all(saves.map(patient.confirm))).toEqual(saves.map(() => true))
  patient.close()
})

it('a save that was overwritten, or is unknown to this master, is not confirmed', async () => {
  const alice = await save('alice')
  expect(await confirmation.confirm({ ...alice, saveId: 'forgotten by a failover' })).toBe(false)
  expect(await confirmation.confirm({ ...alice, ref: { kind: 'account', id: 'bob' } })).toBe(false)
})

it('a stalled replica delays confirmations, and no other commands', async () => {
  const alice = await save('alice')
  await replica.pause()
  const done: string[] = []
  const confirmed = confirmation.confirm(await save('bob')).then((yes) => done.push(`confirmed: ${yes}`))
  for (let i = 0; i < 20; i++) await records.load(alice.ref)
  done.push('read')
  await confirmed
  expect(done).toEqual(['read', 'confirmed: false'])
  replica.resume()
  await eventually(async () => expect(await confirmation.confirm(await save('carol'))).toBe(true))
})

it('nothing is confirmed while Redis is unreachable', async () => {
  const alice = await save('alice')
  await master.kill()
  expect(await confirmation.confirm(alice)).toBe(false)
})
