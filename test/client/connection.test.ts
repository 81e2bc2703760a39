import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectTokens } from '../../src/client/index.ts'
import { ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'
import { type ClientBus, eventOf, startClientBus, tokenOf } from './client-bus.ts'

let bus: ClientBus

beforeEach(async () => {
  bus = await startClientBus()
})
afterEach(() => bus[Symbol.asyncDispose]())

describe('a connection that breaks', () => {
  it('empties the cache, since an invalidation may have been missed', async () => {
    await bus.tokens.get('alice')
    bus.wire.cut()
    await eventually(async () => {
      await bus.tokens.get('alice')
      expect(bus.asked).toHaveLength(2)
    })
  })

  it('delays requests until the reconnect, and a request in flight is sent again', async () => {
    const answers: (() => void)[] = []
    bus.answer = ({ account }) => new Promise((resolve) => answers.push(() => resolve(ok(tokenOf(account)))))
    const asking = bus.tokens.get('alice')
    await eventually(() => expect(answers).toHaveLength(1))
    bus.wire.cut()
    await eventually(() => expect(answers).toHaveLength(2))
    for (const answer of answers) answer()
    expect(await asking).toMatchObject({ account: 'alice' })
  })

  it('leaves the cache unfilled for a second after the reconnect, while late events arrive', async () => {
    await bus.tokens.get('alice')
    bus.wire.cut()
    await eventually(async () => {
      await bus.tokens.get('alice')
      expect(bus.asked.length).toBeGreaterThan(1)
    })
    await bus.tokens.get('alice')
    const soon = bus.asked.length
    expect(soon).toBeGreaterThan(2)
    await eventually(async () => {
      const before = bus.asked.length
      await bus.tokens.get('alice')
      expect(bus.asked).toHaveLength(before)
    })
  })

  it('delivers events again after the reconnect', async () => {
    const onInvalid = vi.fn()
    bus.tokens.on('invalid', onInvalid)
    bus.wire.cut()
    await eventually(async () => {
      await bus.publish('token.invalid.alice', eventOf('token.invalid', 'alice'))
      expect(onInvalid).toHaveBeenCalled()
    })
  })
})

describe('unreachable', () => {
  it('is reported on connecting if no NATS server listens', async () => {
    const connecting = connectTokens({ servers: 'nats://127.0.0.1:1' })
    await expect(connecting).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/nothing listens there/),
    })
  })

  it('is reported at once if no tokenbus is connected', async () => {
    await using server = await startNats()
    await using tokens = await connectTokens({ servers: server.url })
    await expect(tokens.get('alice')).rejects.toMatchObject({ code: 'unreachable', account: 'alice' })
  })

  it('is reported after the time-out if NATS is lost', async () => {
    await bus.tokens.get('alice')
    await bus.wire.stop()
    await eventually(() => expect(bus.tokens.get('alice')).rejects.toMatchObject({ code: 'unreachable' }))
  })
})

describe('close', () => {
  it('rejects pending and later calls with closed', async () => {
    let release = () => {}
    bus.answer = ({ account }) =>
      new Promise((resolve) => {
        release = () => resolve(ok(tokenOf(account)))
      })
    const waiting = bus.tokens.get('alice')
    await eventually(() => expect(bus.asked).toHaveLength(1))
    await bus.tokens.close()
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
    await expect(bus.tokens.get('alice')).rejects.toMatchObject({ code: 'closed' })
    await expect(bus.tokens.reject('alice', { generation: 1 })).rejects.toMatchObject({ code: 'closed' })
    await bus.tokens.close()
    release()
  })

  it('is called by await using', async () => {
    const open = await bus.connect()
    {
      await using tokens = open
      await tokens.get('alice')
    }
    await expect(open.get('alice')).rejects.toMatchObject({ code: 'closed' })
  })
})
