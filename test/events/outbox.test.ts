import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClusterClock } from '../../src/common/cluster-clock.ts'
import { createEventFlow } from '../../src/common/event-flow.ts'
import { unobserved } from '../../src/common/observer.ts'
import { realTimers } from '../../src/common/timers.ts'
import { createOutbox } from '../../src/events/outbox.ts'
import { createCommands } from '../../src/redis/commands.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { createRecords } from '../../src/redis/records.ts'
import { eventually } from '../support/eventually.ts'
import { recordSamples } from '../support/record-samples.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

const logger = pino({ level: 'silent' })
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await startRedis()
  redis = (await connectRedis({ url: server.url, logger })) as Redis
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

it('an unacknowledged event blocks the later events of its account, however long the outbox is', async () => {
  const records = createRecords({ commands: createCommands(redis), partitions: 1 })
  const { change, entry } = recordSamples()
  const saved = Array.from({ length: 600 }, (_, i) => entry('alice', 'account.transition', i))
  await records.save(change('alice', { outbox: saved }))
  const published: string[] = []
  let lost = 1
  const outbox = createOutbox({
    announce: () => {},
    records,
    publisher: {
      connected: () => true,
      alreadyThere: async () => false,
      async publish({ id }) {
        if (lost-- > 0) throw new Error('no ack')
        published.push(id)
      },
    },
    clock: createClusterClock(),
    partitions: 1,
    timers: realTimers,
    logger,
    flow: createEventFlow(realTimers),
    observer: unobserved,
  })
  outbox.saved({ kind: 'account', id: 'alice' })
  await eventually(() => expect(lost).toBeLessThan(1))
  outbox.saved({ kind: 'account', id: 'alice' })
  await eventually(async () => expect(await records.outbox.size()).toBe(0))
  expect(published).toEqual(saved.map(({ id }) => id))
})

it('a node counts as recovered once another one has published its events', async () => {
  const records = createRecords({ commands: createCommands(redis), partitions: 1 })
  const { change, entry } = recordSamples()
  await records.save(change('bob', { outbox: [entry('bob', 'account.transition', 1)] }))
  const flow = createEventFlow(realTimers)
  const outbox = createOutbox({
    announce: () => {},
    records,
    publisher: {
      connected: () => true,
      alreadyThere: async () => false,
      publish: () => Promise.reject(new Error('no ack')),
    },
    clock: createClusterClock(),
    partitions: 1,
    timers: realTimers,
    logger,
    flow,
    observer: unobserved,
  })
  outbox.saved({ kind: 'account', id: 'bob' })
  await eventually(() => expect(flow.failing()).toBe(true))
  const waiting = await records.outbox.read({ partition: 0, count: 10 })
  await records.outbox.remove({ partition: 0, entryIds: waiting.map(({ entryId }) => entryId) })
  await outbox.sweep()
  expect(flow.failing()).toBe(false)
})
