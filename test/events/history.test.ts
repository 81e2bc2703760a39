import { randomUUID } from 'node:crypto'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { createHistory } from '../../src/events/history.ts'
import { createPublisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

let server: NatsServer
let nats: NatsConnection

async function record(account: string, versions: number[]): Promise<void> {
  const publisher = createPublisher({ nats, source: 'test' })
  for (const version of versions) {
    const id = randomUUID()
    const type = 'account.transition' as const
    const time = '2026-01-02T03:04:05.000Z'
    const body = JSON.stringify({ id, type, time, account, version })
    await publisher.publish({ id, type, time, ref: { kind: 'account', id: account }, body })
  }
}

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

async function versions(account: string, limit: number): Promise<unknown> {
  const result = await createHistory({ nats }).read(account, limit)
  return result.ok ? result.value.map(({ account, version }) => `${account} ${version}`) : result.failure
}

beforeAll(async () => {
  server = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams({ nats })
  for (const version of count(1, 210)) {
    await record('alice', [version])
    if (version % 50 === 0) await record('bob.jones', [version])
  }
})
afterAll(async () => {
  await nats.close()
  await server.stop()
})

describe('read', () => {
  it('answers the last transitions of the account, oldest first', async () => {
    expect(await versions('alice', 3)).toEqual(['alice 208', 'alice 209', 'alice 210'])
    expect(await versions('bob.jones', 3)).toEqual(['bob.jones 100', 'bob.jones 150', 'bob.jones 200'])
  })

  it('answers at most the 200 that are kept', async () => {
    expect(await versions('alice', 200)).toEqual(count(11, 210).map((version) => `alice ${version}`))
  })

  it('answers an empty list for an account without transitions', async () => {
    expect(await versions('nobody', 10)).toEqual([])
  })

  it('answers the transitions of an id of 256 emoji', async () => {
    const id = '💩'.repeat(256)
    await record(id, [1, 2])
    expect(await versions(id, 10)).toEqual([`${id} 1`, `${id} 2`])
  })

  it('skips messages that are not transitions of the account, and logs how many', async () => {
    await record('carol', [1])
    const body = {
      id: 'x',
      type: 'account.transition',
      time: '2026-01-02T03:04:05.000Z',
      account: 'carol',
      version: 9,
    }
    const junk = [
      '',
      'not JSON',
      'null',
      '[]',
      '{}',
      JSON.stringify({ ...body, account: 'bob.jones' }),
      JSON.stringify({ ...body, type: 'token.refreshed' }),
      JSON.stringify({ ...body, version: 'many' }),
    ]
    for (const each of junk) await nats.jetstream().publish('account.transition.carol', each)
    await record('carol', [2])
    const warn = vi.fn()
    const read = await createHistory({ nats, logger: { warn } as never }).read('carol', 2)
    expect(read).toMatchObject({ ok: true, value: [{ version: 1 }, { version: 2 }] })
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      { account: 'carol', skipped: junk.length },
      expect.any(String),
    )
  })

  it('leaves no consumer behind', async () => {
    const history = createHistory({ nats })
    await Promise.all(count(1, 20).map((turn) => history.read(turn % 2 === 0 ? 'alice' : 'nobody', 5)))
    const { streams } = await nats.jetstreamManager()
    const left = async () => (await streams.info('TOKENBUS_HISTORY')).state.consumer_count
    // The server forgets abandoned ones by itself, but only after 5 s.
    await eventually(async () => expect(await left()).toBe(0))
  })

  it('creates no more consumers at a time than allowed', async () => {
    const observer = await connect({ servers: server.url })
    let open = 0
    let most = 0
    observer.subscribe('$JS.API.CONSUMER.CREATE.TOKENBUS_HISTORY', {
      callback() {
        open++
        most = Math.max(most, open)
      },
    })
    observer.subscribe('$JS.API.CONSUMER.DELETE.TOKENBUS_HISTORY.*', { callback: () => open-- })
    await observer.flush()
    const history = createHistory({ nats, concurrency: 2 })
    await Promise.all(count(1, 20).map(() => history.read('alice', 5)))
    await observer.flush()
    expect(most).toBeLessThanOrEqual(2)
    expect(most).toBeGreaterThan(0)
    await observer.close()
  })
})

describe('without JetStream', () => {
  const unavailable = { error: 'history_unavailable', account: 'alice' }

  it('is history_unavailable if the server runs without it', async () => {
    await using plain = await startNats()
    const connection = await connect({ servers: plain.url })
    const result = await createHistory({ nats: connection }).read('alice', 5)
    expect(result).toMatchObject({ ok: false, failure: unavailable })
    await connection.close()
  })

  it('is history_unavailable if the server does not answer', async () => {
    await server.pause()
    const result = await createHistory({ nats, timeout: 1_000 }).read('alice', 5)
    server.resume()
    expect(result).toMatchObject({ ok: false, failure: unavailable })
  })
})
