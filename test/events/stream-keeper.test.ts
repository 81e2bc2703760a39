import { randomUUID } from 'node:crypto'
import { connect } from 'nats'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPublisher } from '../../src/events/publisher.ts'
import { keepStreams } from '../../src/events/stream-keeper.ts'
import type { OutboxEntry } from '../../src/redis/record.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

let server: NatsServer

beforeAll(async () => {
  server = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
})
afterAll(() => server.stop())

function entry(): OutboxEntry {
  const id = randomUUID()
  const type = 'token.refreshed'
  const body = JSON.stringify({ id, type })
  return { id, type, time: new Date().toISOString(), ref: { kind: 'account', id: 'alice' }, body }
}

async function keeping() {
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line).msg) })
  const nats = await connect({ servers: server.url })
  const streams = await keepStreams({ nats, logger })
  const publisher = createPublisher({ nats, source: 'test', streams })
  const manager = (await nats.jetstreamManager()).streams
  return {
    lines,
    streams,
    publisher,
    manager,
    async [Symbol.asyncDispose]() {
      publisher.stop()
      await streams.stop()
      await nats.close()
    },
  }
}

it('a deleted stream is noticed by the next event, and recreated with the limits it had', async () => {
  const first = await connect({ servers: server.url })
  const before = await keepStreams({ nats: first, logger: pino({ level: 'silent' }) })
  await before.stop()
  await (await first.jetstreamManager()).streams.update('TOKENBUS_EVENTS', { max_msgs_per_subject: 7 })
  await first.close()
  await using kept = await keeping()
  await kept.manager.delete('TOKENBUS_EVENTS')
  await expect(kept.publisher.publish(entry())).rejects.toThrow()
  await eventually(() => kept.publisher.publish(entry()), { every: 200 })
  const { config, state } = await kept.manager.info('TOKENBUS_EVENTS')
  expect(config.max_msgs_per_subject).toBe(7)
  expect(state.messages).toBe(1)
})

it('a stream that came back with unusable settings is not published to, which is logged once', async () => {
  await using kept = await keeping()
  await kept.manager.delete('TOKENBUS_EVENTS')
  await kept.manager.add({ name: 'TOKENBUS_EVENTS', subjects: ['token.*.*'] })
  kept.streams.recheck()
  await eventually(() => expect(kept.publisher.connected()).toBe(false))
  await eventually(() => expect(kept.lines).not.toEqual([]))
  await kept.manager.delete('TOKENBUS_EVENTS')
  await eventually(() => expect(kept.publisher.connected()).toBe(true))
  const said = kept.lines.filter((line) => line.startsWith('Events stay in the outbox'))
  expect(said).toEqual([
    'Events stay in the outbox, tokens are served: The stream TOKENBUS_EVENTS cannot be used: its subjects capture the request token.get.*.',
  ])
})
