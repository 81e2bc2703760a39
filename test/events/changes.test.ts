import { connect, type NatsConnection } from 'nats'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StartError } from '../../src/common/start-error.ts'
import {
  announceChanges,
  type ChangedRecord,
  type ChangeWatch,
  watchChanges,
} from '../../src/events/changes.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

let server: NatsServer
let nats: NatsConnection
let watch: ChangeWatch | undefined

beforeEach(async () => {
  server = await startNats()
  nats = await connect({ servers: server.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
})
afterEach(async () => {
  watch?.stop()
  watch = undefined
  await nats.close()
  await server.stop()
})

const alice = { kind: 'account', id: 'alice@example.com', version: 4, save: 's4' } as const

describe('watchChanges', () => {
  it('reports each announced save of accounts and apps', async () => {
    const changes: unknown[] = []
    const onChange = ({ kind, id, version }: ChangedRecord) => changes.push([kind, id, version()])
    watch = await watchChanges({ nats, onChange })
    const other = await connect({ servers: server.url })
    const announce = announceChanges({ nats: other })
    announce(alice)
    announce({ kind: 'app', id: 'app', version: 2, save: null })
    await eventually(() =>
      expect(changes).toEqual([
        ['account', 'alice@example.com', 4],
        ['app', 'app', 2],
      ]),
    )
    await other.close()
  })

  it('reports the saves of older nodes by their events, until the upgrade is finished', async () => {
    const changes: unknown[] = []
    const onChange = ({ kind, id, version }: ChangedRecord) => changes.push([kind, id, version()])
    watch = await watchChanges({ nats, onChange })
    nats.publish('account.transition.alice@example%2Ecom', '{"version":4}')
    nats.publish('account.transition.%61lice', '{"version":4}')
    nats.publish('account.transition.alice')
    nats.publish('token.refreshed.alice', '{"version":4}')
    nats.publish('account.removed.bob', 'no JSON')
    await nats.flush()
    expect(changes).toEqual([
      ['account', 'alice@example.com', 4],
      ['account', 'bob', undefined],
    ])
    watch.oldNodesGone()
    nats.publish('account.transition.alice', '{"version":5}')
    await nats.flush()
    expect(changes).toHaveLength(2)
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another shape', '{"account":"alice"}'],
    ['a field too many', JSON.stringify({ ...alice, more: 1 })],
    ['a version that is none', JSON.stringify({ ...alice, version: -1 })],
    ['5 KB', JSON.stringify({ ...alice, save: 'x'.repeat(5_000) })],
  ])('an announcement that says %s changes nothing', async (_, body) => {
    const onChange = vi.fn()
    watch = await watchChanges({ nats, onChange })
    nats.publish('tokenbus.changed', body)
    await nats.flush()
    expect(onChange).not.toHaveBeenCalled()
  })

  it('continues after a handler throws', async () => {
    const onChange = vi.fn(() => {
      throw new Error('broken')
    })
    watch = await watchChanges({ nats, onChange })
    announceChanges({ nats })(alice)
    announceChanges({ nats })(alice)
    await nats.flush()
    expect(onChange).toHaveBeenCalledTimes(2)
  })

  it('reports when changes may be missed, and reports changes again after the reconnect', async () => {
    const [onDown, onUp, onChange] = [vi.fn(), vi.fn(), vi.fn()]
    watch = await watchChanges({ nats, onChange, onDown, onUp })
    await server.kill()
    await eventually(() => expect(onDown).toHaveBeenCalledOnce())
    expect(watch.connected()).toBe(false)
    expect(onUp).not.toHaveBeenCalled()

    server = await startNats({ port: server.port })
    await eventually(() => expect(onUp).toHaveBeenCalledOnce())
    announceChanges({ nats })(alice)
    await eventually(() => expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ id: alice.id })))
  })

  it('reports nothing after stop', async () => {
    const onChange = vi.fn()
    watch = await watchChanges({ nats, onChange })
    watch.stop()
    announceChanges({ nats })(alice)
    await nats.flush()
    expect(onChange).not.toHaveBeenCalled()
  })

  it('rejects without the permission to subscribe', async () => {
    await using guarded = await startNats({
      configText:
        'authorization { users = [{ user: u, password: p, permissions: { subscribe: ["_INBOX.>"] } }] }',
    })
    const connection = await connect({ servers: guarded.url, user: 'u', pass: 'p' })
    await expect(watchChanges({ nats: connection, onChange: () => {} })).rejects.toThrow(StartError)
    await connection.close()
  })
})

it('announcing a save on a closed connection does not throw', async () => {
  const closed = await connect({ servers: server.url })
  await closed.close()
  expect(() => announceChanges({ nats: closed })(alice)).not.toThrow()
})
