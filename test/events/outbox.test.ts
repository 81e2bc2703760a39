import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createClusterClock } from '../../src/common/cluster-clock.ts'
import { createEventFlow } from '../../src/common/event-flow.ts'
import { unobserved } from '../../src/common/observer.ts'
import { realTimers } from '../../src/common/timers.ts'
import { createOutbox } from '../../src/events/outbox.ts'
import { createCommands } from '../../src/redis/commands.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { createRecords, type OutboxEntry, type Records, type Saved } from '../../src/redis/records.ts'
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

function outboxOf(
  records: Pick<Records, 'outbox'>,
  publish: (entry: OutboxEntry) => Promise<void>,
  flow = createEventFlow(realTimers),
) {
  return createOutbox({
    announce: () => {},
    records,
    publisher: { connected: () => true, alreadyThere: async () => false, publish },
    clock: createClusterClock(),
    partitions: 1,
    timers: realTimers,
    logger,
    flow,
    observer: unobserved,
  })
}

describe('an outbox entry of this node’s save', () => {
  const records = () => createRecords({ commands: createCommands(redis), partitions: 1 })
  const ref = { kind: 'account', id: 'carol' } as const

  /** Saves so many transitions, one after another. */
  async function save(count: number, { id }: { id: string } = ref) {
    const { change, entry } = recordSamples()
    const stored = records()
    const saves: Saved[] = []
    for (let n = 0; n < count; n++) {
      const previous = await stored.load({ kind: 'account', id })
      const outbox = [entry(id, 'account.transition', previous.version)]
      saves.push(await stored.save(change(id, { previous, saveId: `${id} ${previous.version}`, outbox })))
    }
    return saves
  }

  it('is published in order and removed, without being read back', async () => {
    const stored = records()
    const read = vi.spyOn(stored.outbox, 'read')
    const published: string[] = []
    const outbox = outboxOf(stored, async ({ id }) => void published.push(id))
    for (const { left } of await save(3)) outbox.saved(ref, left)
    await eventually(async () => expect(await stored.outbox.size()).toBe(0))
    expect(published).toEqual(['event-0', 'event-1', 'event-2'])
    expect(read).not.toHaveBeenCalled()
    await outbox.stop()
  })

  it('waits for the acks of older entries of the same account', async () => {
    const stored = records()
    const published: string[] = []
    const outbox = outboxOf(stored, async ({ id }) => void published.push(id))
    const [, , byThisNode] = await save(3, { id: 'dave' })
    outbox.saved({ kind: 'account', id: 'dave' }, byThisNode?.left)
    await eventually(async () => expect(await stored.outbox.size()).toBe(0))
    expect(published).toEqual(['event-0', 'event-1', 'event-2'])
    await outbox.stop()
  })

  it('waits for an unacknowledged entry, which the next save retries', async () => {
    const stored = records()
    const published: string[] = []
    let lost = 1
    const outbox = outboxOf(stored, async ({ id }) => {
      if (lost-- > 0) throw new Error('no ack')
      published.push(id)
    })
    const id = 'erin'
    for (const { left } of await save(2, { id })) outbox.saved({ kind: 'account', id }, left)
    await eventually(() => expect(lost).toBeLessThan(1))
    await outbox.stop()
    expect(published).toEqual([])
    for (const { left } of await save(1, { id })) outbox.saved({ kind: 'account', id }, left)
    await eventually(async () => expect(await stored.outbox.size()).toBe(0))
    expect(published).toEqual(['event-0', 'event-1', 'event-2'])
  })
})

it('an unacknowledged event blocks the later events of its account, however long the outbox is', async () => {
  const records = createRecords({ commands: createCommands(redis), partitions: 1 })
  const { change, entry } = recordSamples()
  const saved = Array.from({ length: 600 }, (_, i) => entry('alice', 'account.transition', i))
  await records.save(change('alice', { outbox: saved }))
  const published: string[] = []
  let lost = 1
  const outbox = outboxOf(records, async ({ id }) => {
    if (lost-- > 0) throw new Error('no ack')
    published.push(id)
  })
  outbox.saved({ kind: 'account', id: 'alice' })
  await eventually(() => expect(lost).toBeLessThan(1))
  outbox.saved({ kind: 'account', id: 'alice' })
  await eventually(async () => expect(await records.outbox.size()).toBe(0))
  expect(published).toEqual(saved.map(({ id }) => id))
})

it('a node is not stalled once another has published its events', async () => {
  const records = createRecords({ commands: createCommands(redis), partitions: 1 })
  const { change, entry } = recordSamples()
  await records.save(change('bob', { outbox: [entry('bob', 'account.transition', 1)] }))
  const flow = createEventFlow(realTimers)
  const outbox = outboxOf(records, () => Promise.reject(new Error('no ack')), flow)
  outbox.saved({ kind: 'account', id: 'bob' })
  await eventually(() => expect(flow.failing()).toBe(true))
  const waiting = await records.outbox.read({ partition: 0, count: 10 })
  await records.outbox.remove({ partition: 0, entryIds: waiting.map(({ entryId }) => entryId) })
  await outbox.sweep()
  expect(flow.failing()).toBe(false)
})
