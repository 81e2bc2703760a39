import { describe, expect, it, vi } from 'vitest'
import { connectTokens } from '../../src/client/index.ts'
import { eventOf, startClientBus } from './client-bus.ts'

const withUser = (permissions: string) => ({
  configText: `authorization { users = [
    { user: service, password: s }
    { user: some.app, password: c, permissions: ${permissions} }
  ] }`,
  service: { user: 'service', pass: 's' },
  client: { user: 'some.app', pass: 'c' },
})
const inbox = '"_INBOX_some%2Eapp.>"'
const aliceOnly = withUser(`{
  publish: ["token.get.alice", "token.reject.alice"]
  subscribe: ["token.refreshed.alice", "token.invalid.alice", "account.removed.alice", ${inbox}] }`)
const oneSubscription = withUser(
  `{ publish: ["token.get.*"], subscribe: ["token.refreshed.alice", ${inbox}] }`,
)

describe('a user limited to some accounts', () => {
  it('gets their tokens and their events', async () => {
    await using bus = await startClientBus(aliceOnly)
    const onInvalid = vi.fn()
    bus.tokens.on('invalid', onInvalid)
    await bus.tokens.get('alice')
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(1)
    await bus.publish('token.invalid.alice', eventOf('token.invalid', 'alice'))
    expect(onInvalid).toHaveBeenCalledOnce()
    await bus.tokens.get('alice')
    expect(bus.asked).toHaveLength(2)
  })

  it('gets not_permitted at once for another account', async () => {
    await using bus = await startClientBus(aliceOnly)
    await expect(bus.tokens.get('bob')).rejects.toMatchObject({ code: 'not_permitted', account: 'bob' })
    expect(bus.asked).toEqual([])
  })
})

it('tokens of an account whose events the user may not subscribe to are not cached', async () => {
  await using bus = await startClientBus(oneSubscription)
  // The server refuses the subscription before the first reply arrives.
  for (let i = 0; i < 3; i++) await bus.tokens.get('alice')
  expect(bus.asked).toHaveLength(3)
})

it('connecting with wrong credentials fails', async () => {
  await using bus = await startClientBus(aliceOnly)
  const servers = `nats://some.app:wrong@127.0.0.1:${bus.wire.port}`
  await expect(connectTokens({ servers })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/does not accept these credentials/),
  })
})

it('credentials may be in the URL', async () => {
  await using bus = await startClientBus(aliceOnly)
  await using tokens = await connectTokens({ servers: [`nats://some.app:c@127.0.0.1:${bus.wire.port}`] })
  expect(await tokens.get('alice')).toMatchObject({ account: 'alice' })
})
