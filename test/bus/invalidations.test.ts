import { connect, type NatsConnection } from 'nats'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type InvalidationWatch, watchInvalidations } from '../../src/bus/invalidations.ts'
import { StartError } from '../../src/start-error.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

let server: NatsServer
let nats: NatsConnection
let watch: InvalidationWatch | undefined

beforeEach(async () => {
  server = await startNats()
  nats = await connect({ servers: server.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
})
afterEach(async () => {
  watch?.stop()
  await nats.close()
  await server.stop()
})

describe('watchInvalidations', () => {
  it('tells which account changed, and how', async () => {
    const changes: unknown[] = []
    watch = await watchInvalidations({
      nats,
      onChange: (account, { type, body }) => changes.push([account, type, body()]),
    })
    const other = await connect({ servers: server.url })
    other.publish('account.transition.alice@example%2Ecom', '{"generation":4}')
    other.publish('account.transition.%61lice', '{}')
    other.publish('token.refreshed.alice', '{}')
    other.publish('account.removed.bob', '{"version":9}')
    await eventually(() =>
      expect(changes).toEqual([
        ['alice@example.com', 'account.transition', { generation: 4 }],
        ['bob', 'account.removed', { version: 9 }],
      ]),
    )
    await other.close()
  })

  it('goes on after a handler that throws', async () => {
    const onChange = vi.fn(() => {
      throw new Error('broken')
    })
    watch = await watchInvalidations({ nats, onChange })
    nats.publish('account.removed.a')
    nats.publish('account.removed.b')
    await nats.flush()
    expect(onChange).toHaveBeenCalledTimes(2)
  })

  it('says when changes may be missed, and tells of changes again afterwards', async () => {
    const [onDown, onUp, onChange] = [vi.fn(), vi.fn(), vi.fn()]
    watch = await watchInvalidations({ nats, onChange, onDown, onUp })
    await server.kill()
    await eventually(() => expect(onDown).toHaveBeenCalledOnce())
    expect(watch.connected()).toBe(false)
    expect(onUp).not.toHaveBeenCalled()

    server = await startNats({ port: server.port })
    await eventually(() => expect(onUp).toHaveBeenCalledOnce())
    nats.publish('account.removed.alice')
    await eventually(() => expect(onChange).toHaveBeenCalledWith('alice', expect.anything()))
  })

  it('tells nothing after stop', async () => {
    const onChange = vi.fn()
    watch = await watchInvalidations({ nats, onChange })
    watch.stop()
    nats.publish('account.removed.alice')
    await nats.flush()
    expect(onChange).not.toHaveBeenCalled()
  })

  it('cannot begin without the permission', async () => {
    await using guarded = await startNats({
      configText:
        'authorization { users = [{ user: u, password: p, permissions: { subscribe: ["_INBOX.>"] } }] }',
    })
    const connection = await connect({ servers: guarded.url, user: 'u', pass: 'p' })
    await expect(watchInvalidations({ nats: connection, onChange: () => {} })).rejects.toThrow(StartError)
    await connection.close()
  })
})
