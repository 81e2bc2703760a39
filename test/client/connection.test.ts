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
  it('takes what is known with it: an event may have passed unheard', async () => {
    await bus.tokens.get('alice')
    bus.wire.cut()
    await eventually(async () => {
      await bus.tokens.get('alice')
      expect(bus.asked).toHaveLength(2)
    })
  })

  it('is waited for, and a question it swallowed is put again', async () => {
    const answers: (() => void)[] = []
    bus.answer = ({ account }) => new Promise((resolve) => answers.push(() => resolve(ok(tokenOf(account)))))
    const asking = bus.tokens.get('alice')
    await eventually(() => expect(answers).toHaveLength(1))
    bus.wire.cut()
    await eventually(() => expect(answers).toHaveLength(2))
    for (const answer of answers) answer()
    expect(await asking).toMatchObject({ account: 'alice' })
  })

  it('keeps nothing for a second after its return, while late news drains in', async () => {
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

  it('hears events again afterwards', async () => {
    const heard = vi.fn()
    bus.tokens.on('invalid', heard)
    bus.wire.cut()
    await eventually(async () => {
      await bus.publish('token.invalid.alice', eventOf('token.invalid', 'alice'))
      expect(heard).toHaveBeenCalled()
    })
  })
})

describe('nobody there', () => {
  it('at the start: connecting fails, and says so', async () => {
    const connecting = connectTokens({ servers: 'nats://127.0.0.1:1' })
    await expect(connecting).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/nothing listens there/),
    })
  })

  it('on the bus: unreachable at once', async () => {
    await using server = await startNats()
    await using tokens = await connectTokens({ servers: server.url })
    await expect(tokens.get('alice')).rejects.toMatchObject({ code: 'unreachable', account: 'alice' })
  })

  it('any more: unreachable, once patience has run out', async () => {
    await bus.tokens.get('alice')
    await bus.wire.stop()
    await eventually(() => expect(bus.tokens.get('alice')).rejects.toMatchObject({ code: 'unreachable' }))
  })
})

describe('close', () => {
  it('ends what waits, and everything after it', async () => {
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

  it('is what await using does', async () => {
    const open = await bus.connect()
    {
      await using tokens = open
      await tokens.get('alice')
    }
    await expect(open.get('alice')).rejects.toMatchObject({ code: 'closed' })
  })
})
