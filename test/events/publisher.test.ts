import { randomUUID } from 'node:crypto'
import { connect, type NatsConnection } from 'nats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { encodeId } from '../../src/contract/subject-token.ts'
import { createPublisher, EventRefused, type Publisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import type { OutboxEntry } from '../../src/redis/record.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

let server: NatsServer
let nats: NatsConnection
let publisher: Publisher

const configText = 'jetstream { max_file_store: 20GB }'

beforeEach(async () => {
  server = await startNats({ configText })
  nats = await connectNats({ url: server.url, name: 'test', pingInterval: 50 })
  await ensureStreams({ nats })
  publisher = createPublisher({ nats, source: 'tokenbus/node-1' })
})
afterEach(async () => {
  publisher.stop()
  await nats.close()
  await server.stop()
})

function refreshed(account = 'alice@example.com'): OutboxEntry {
  const id = randomUUID()
  const type = 'token.refreshed'
  const time = '2026-01-02T03:04:05.000Z'
  const body = JSON.stringify({ id, type, time, account, version: 3 })
  return { id, type, time, ref: { kind: 'account', id: account }, body }
}

const stored = async (name: string) =>
  (await (await nats.jetstreamManager()).streams.info(name)).state.messages

describe('publish', () => {
  it('stores the event with its CloudEvents headers and resolves on the ack', async () => {
    const entry = refreshed()
    await publisher.publish(entry)
    const { streams } = await nats.jetstreamManager()
    const message = await streams.getMessage('TOKENBUS_EVENTS', {
      last_by_subj: 'token.refreshed.alice@example%2Ecom',
    })
    expect(message.json()).toEqual(JSON.parse(entry.body))
    expect(Object.fromEntries(message.header)).toEqual({
      'Nats-Expected-Stream': ['TOKENBUS_EVENTS'],
      'Nats-Msg-Id': [entry.id],
      'ce-specversion': ['1.0'],
      'ce-id': [entry.id],
      'ce-type': ['token.refreshed'],
      'ce-source': ['tokenbus/node-1'],
      'ce-time': ['2026-01-02T03:04:05.000Z'],
    })
  })

  it('stores an entry once, even if it is published again', async () => {
    const entry = refreshed()
    await publisher.publish(entry)
    await publisher.publish(entry)
    await publisher.publish(refreshed())
    expect(await stored('TOKENBUS_EVENTS')).toBe(2)
  })

  it('stores transitions in TOKENBUS_HISTORY, also for an id of 256 emoji', async () => {
    const entry = refreshed('💩'.repeat(256))
    await publisher.publish({ ...entry, type: 'account.transition' })
    expect(await stored('TOKENBUS_HISTORY')).toBe(1)
  })

  it('reaches plain subscribers as well', async () => {
    const entry = refreshed('bob')
    const plain = await connect({ servers: server.url })
    const heard = new Promise((resolve) => {
      plain.subscribe('token.refreshed.*', { callback: (_error, message) => resolve(message.json()) })
    })
    await plain.flush()
    await publisher.publish(entry)
    expect(await heard).toEqual(JSON.parse(entry.body))
    await plain.close()
  })

  it('rejects if there is no stream for the event', async () => {
    await (await nats.jetstreamManager()).streams.delete('TOKENBUS_EVENTS')
    await expect(publisher.publish(refreshed())).rejects.toThrow()
  })
})

describe('an event that may not be published', () => {
  it('is rejected as soon as the server reports the missing permission', async () => {
    const permissions = '{ publish: { deny: "token.refreshed.*" } }'
    const user = `{ user: limited, password: secret, permissions: ${permissions} }`
    await using limited = await startNats({
      configText: `${configText}\nauthorization { users: [${user}] }`,
    })
    const url = limited.url.replace('//', '//limited:secret@')
    const connection = await connectNats({ url, name: 'test', pingInterval: 50 })
    const refusing = createPublisher({ nats: connection, source: 'tokenbus/node-1' })
    const subject = 'token.refreshed.alice@example%2Ecom'
    await expect(refusing.publish(refreshed())).rejects.toMatchObject({
      permissionContext: { operation: 'publish', subject },
    })
    refusing.stop()
    await connection.close()
  })

  it('is rejected if a header would contain a line break', async () => {
    const injected = { ...refreshed(), time: '2026-01-02T03:04:05.000Z\r\nNats-Rollup: all' }
    await expect(publisher.publish(injected)).rejects.toThrow('line break in ce-time')
    expect(await stored('TOKENBUS_EVENTS')).toBe(0)
  })
})

describe('an event that is too large', () => {
  const scopes = Array.from({ length: 256 }, (_, i) => `${i}`.padEnd(5_000, 'x'))
  const account = 'alice@example.com'
  const happened = { account, version: 7, time: '2026-01-02T03:04:05.000Z' }

  function transition(): OutboxEntry {
    const id = randomUUID()
    const type = 'account.transition'
    const context = { scopes }
    const body = {
      id,
      type,
      ...happened,
      event: { type: 'timer.due' },
      from: 'valid',
      to: 'refreshing',
      effects: [],
    }
    const whole = { ...body, at: 1, wakeAt: 2, snapshot: { context } }
    return {
      id,
      type,
      time: happened.time,
      ref: { kind: 'account', id: account },
      body: JSON.stringify(whole),
    }
  }

  const last = async (name: string, subject: string) =>
    (await (await nats.jetstreamManager()).streams.getMessage(name, { last_by_subj: subject })).json()

  it('is published with truncated: true; a transition keeps from, to and times', async () => {
    const entry = transition()
    await publisher.publish(entry)
    expect(await last('TOKENBUS_HISTORY', 'account.transition.alice@example%2Ecom')).toEqual({
      ...happened,
      id: entry.id,
      type: 'account.transition',
      from: 'valid',
      to: 'refreshing',
      at: 1,
      wakeAt: 2,
      truncated: true,
    })
  })

  it('other types keep their fields, with empty lists and without long texts', async () => {
    const entry = refreshed()
    const whole = {
      ...JSON.parse(entry.body),
      user: 'alice',
      registeredScopes: scopes,
      providerError: { claims: 'x'.repeat(2_000), status: 400 },
    }
    await publisher.publish({ ...entry, body: JSON.stringify(whole) })
    expect(await last('TOKENBUS_EVENTS', 'token.refreshed.alice@example%2Ecom')).toEqual({
      ...JSON.parse(entry.body),
      user: 'alice',
      registeredScopes: [],
      providerError: { status: 400 },
      truncated: true,
    })
  })

  it('is shortened if the stream’s limit is lower than the server’s', async () => {
    const { streams } = await nats.jetstreamManager()
    await streams.update('TOKENBUS_HISTORY', { max_msg_size: 1_000 })
    const entry = transition()
    const fits = { ...JSON.parse(entry.body), snapshot: { context: { user: 'x'.repeat(1_000) } } }
    await publisher.publish({ ...entry, body: JSON.stringify(fits) })
    expect(await last('TOKENBUS_HISTORY', 'account.transition.alice@example%2Ecom')).toMatchObject({
      truncated: true,
    })
  })

  it('is rejected permanently if even the shortened event is too large', async () => {
    const { streams } = await nats.jetstreamManager()
    await streams.update('TOKENBUS_HISTORY', { max_msg_size: 100 })
    await expect(publisher.publish(transition())).rejects.toThrow(EventRefused)
  })

  it('is not rejected permanently because its stream is missing', async () => {
    await (await nats.jetstreamManager()).streams.delete('TOKENBUS_HISTORY')
    await expect(publisher.publish(transition())).rejects.not.toThrow(EventRefused)
  })
})

describe('alreadyThere', () => {
  it('is true if the entry is the last message of its subject', async () => {
    const [first, second] = [refreshed(), refreshed()]
    expect(await publisher.alreadyThere(first)).toBe(false)
    await publisher.publish(first)
    expect(await publisher.alreadyThere(first)).toBe(true)
    await publisher.publish(refreshed('bob'))
    expect(await publisher.alreadyThere(first)).toBe(true)
    expect(await publisher.alreadyThere(second)).toBe(false)
  })

  it('rejects if the stream cannot be reached', async () => {
    await (await nats.jetstreamManager()).streams.delete('TOKENBUS_EVENTS')
    await expect(publisher.alreadyThere(refreshed())).rejects.toThrow()
  })
})

describe('without a connection', () => {
  it('nothing is published, and publishing works after the reconnect', async () => {
    expect(publisher.connected()).toBe(true)
    await server.kill()
    await eventually(() => expect(publisher.connected()).toBe(false))
    await expect(publisher.publish(refreshed())).rejects.toThrow('NATS is not connected.')
    await expect(publisher.alreadyThere(refreshed())).rejects.toThrow('NATS is not connected.')

    server = await startNats({ configText, port: server.port })
    await eventually(() => expect(publisher.connected()).toBe(true))
    await ensureStreams({ nats })
    await publisher.publish(refreshed())
    expect(await stored('TOKENBUS_EVENTS')).toBe(1)
  })

  it('a publish in flight rejects as soon as the server is known to be silent', async () => {
    await server.pause()
    await expect(publisher.publish(refreshed())).rejects.toThrow(
      'The connection to NATS was lost before the ack.',
    )
    expect(publisher.connected()).toBe(false)
    server.resume()
  })
})

it('subjects are as in the contract', async () => {
  await publisher.publish({ ...refreshed(), type: 'app.secret-expired', ref: { kind: 'app', id: 'my app' } })
  const { streams } = await nats.jetstreamManager()
  const { subject } = await streams.getMessage('TOKENBUS_EVENTS', { seq: 1 })
  expect(subject).toBe(`app.secret-expired.${encodeId('my app')}`)
})
