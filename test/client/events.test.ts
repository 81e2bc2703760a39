import { afterEach, beforeEach, expect, expectTypeOf, it, vi } from 'vitest'
import { type ClientBus, eventOf, startClientBus } from './client-bus.ts'

let bus: ClientBus

beforeEach(async () => {
  bus = await startClientBus()
})
afterEach(() => bus[Symbol.asyncDispose]())

const refreshed = eventOf('token.refreshed', 'alice', { generation: 2 })
const invalid = eventOf('token.invalid', 'alice', { reason: 'inactive', class: 'A' })

it('a handler is called once for each event of its type', async () => {
  const [onRefreshed, onInvalid] = [vi.fn(), vi.fn()]
  bus.tokens.on('refreshed', onRefreshed)
  bus.tokens.on('invalid', onInvalid)
  await bus.publish('token.refreshed.alice', refreshed)
  await bus.publish('token.refreshed.alice', refreshed)
  await bus.publish('token.invalid.alice', invalid)
  await bus.publish('account.removed.alice', eventOf('account.removed', 'alice'))
  expect(onRefreshed.mock.calls).toEqual([[refreshed]])
  expect(onInvalid.mock.calls).toEqual([[invalid]])
})

it('a handler that was removed is not called', async () => {
  const onInvalid = vi.fn()
  const end = bus.tokens.on('invalid', onInvalid)
  await bus.publish('token.invalid.alice', invalid)
  end()
  await bus.publish('token.invalid.alice', eventOf('token.invalid', 'alice'))
  expect(onInvalid).toHaveBeenCalledTimes(1)
})

it('a handler’s event is typed by the event’s name', () => {
  bus.tokens.on('invalid', (event) => {
    expectTypeOf(event.type).toEqualTypeOf<'token.invalid'>()
    expectTypeOf(event.reason).toBeString()
  })
  bus.tokens.on('refreshed', (event) => {
    expectTypeOf(event.expires).toEqualTypeOf<string | null>()
    // @ts-expect-error a refresh has no reason
    void event.reason
  })
})
