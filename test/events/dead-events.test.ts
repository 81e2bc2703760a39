import { connect, type JetStreamManager, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { encodeId } from '../../src/contract/encode-id.ts'
import { createReadiness } from '../../src/metrics/readiness.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()
let nats: NatsConnection
let manager: JetStreamManager
let node: TestNode

beforeAll(async () => {
  node = await startTestNode({ ...engines, refreshToken: scriptedProvider().refreshToken })
  await node.tokenbus.putApp('app', { ...sandboxApp })
  nats = await connect({ servers: engines.natsUrl })
  manager = await nats.jetstreamManager()
})
afterAll(async () => {
  await nats.close()
  await node[Symbol.asyncDispose]()
})

const put = (account: string, scopes: string[] = []) =>
  node.tokenbus.putAccount(account, {
    app: 'app',
    user: 'someone',
    accessToken: new Secret('a'),
    refreshToken: new Secret(`r of ${account}`),
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    scopes,
  })
const outboxIsEmpty = () => eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))
const lastOf = async (account: string) =>
  (
    await manager.streams.getMessage('TOKENBUS_HISTORY', { last_by_subj: `account.transition.${account}` })
  ).json<{ to: string; truncated?: boolean }>()
const dead = async () => {
  const found = await node.tokenbus.deadEvents({})
  if (!found.ok) throw new Error('not listed')
  return found.value
}

describe('an event that its stream rejects permanently', () => {
  const name = '💩'.repeat(200)

  beforeAll(async () => {
    // The id of the account alone is longer than a message may be; other accounts' transitions fit when shortened.
    await manager.streams.update('TOKENBUS_HISTORY', { max_msg_size: 700 })
    await put(name)
    await put('bob')
    await outboxIsEmpty()
  })

  it('becomes a dead letter with its reason, and is counted', async () => {
    const { events, total } = await dead()
    expect(total).toBe(1)
    expect(events).toMatchObject([
      { type: 'account.transition', account: name, version: 1, reason: expect.stringContaining('size') },
    ])
    expect(await node.storage.records.deadEvents.size()).toBe(1)
  })

  it('blocks neither later events of its account nor others', async () => {
    await node.tokenbus.revokeAccount(name, {})
    await outboxIsEmpty()
    const subject = `token.invalid.${encodeId(name)}`
    const invalid = await manager.streams.getMessage('TOKENBUS_EVENTS', { last_by_subj: subject })
    expect(invalid.json()).toMatchObject({ type: 'token.invalid', account: name })
    expect(await lastOf('bob')).toMatchObject({ to: 'valid', truncated: true })
  })

  it('can be retried once the stream accepts it', async () => {
    await manager.streams.update('TOKENBUS_HISTORY', { max_msg_size: -1 })
    const { events } = await dead()
    const first = events[0]?.id as string
    expect(await node.tokenbus.retryEvents({ id: first })).toEqual({ ok: true, value: { retried: 1 } })
    await outboxIsEmpty()
    const history = await manager.streams.info('TOKENBUS_HISTORY')
    const stored = await manager.streams.getMessage('TOKENBUS_HISTORY', { seq: history.state.last_seq })
    expect(stored.json()).toMatchObject({ id: first, to: 'valid', snapshot: expect.anything() })
  })

  it('can be dropped', async () => {
    const { total } = await dead()
    expect(total).toBeGreaterThan(0)
    expect(await node.tokenbus.dropEvents({ id: 'another' })).toEqual({ ok: true, value: { dropped: 0 } })
    expect(await node.tokenbus.dropEvents({ all: true })).toEqual({ ok: true, value: { dropped: total } })
    expect((await dead()).total).toBe(0)
  })
})

it('a shortened transition in the history is marked truncated, and the others are complete', async () => {
  await manager.streams.update('TOKENBUS_HISTORY', { max_msg_size: 4_000 })
  await put(
    'long',
    Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(500, 's')),
  )
  await put(
    'long',
    Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(500, 's')),
  )
  await outboxIsEmpty()
  const history = await node.tokenbus.accountHistory('long', {})
  expect(history).toMatchObject({ ok: true, value: { transitions: [{ to: 'valid', truncated: true }] } })
})

describe('readiness', () => {
  const health = (stalledFor: number, outboxLag = 3_600) =>
    createReadiness({
      facts: { outboxLag: async () => outboxLag, outboxSize: async () => 7 },
      flow: { stalledFor: () => stalledFor, reason: () => (stalledFor > 0 ? 'no room' : null) },
      lacks: () => [],
    })

  it('is not affected by waiting events, since tokens are served', async () => {
    expect(await health(61_000).readiness()).toEqual({ missing: [], outboxLag: 3_600 })
  })

  it.each([
    [
      'is ok while no event waits long',
      { stalledFor: 0, lag: 1 },
      { status: 'ok', outboxLag: 1, waiting: 7 },
    ],
    [
      'is behind while some events wait and others are stored',
      { stalledFor: 0, lag: 3_600 },
      { status: 'behind', outboxLag: 3_600, waiting: 7 },
    ],
    [
      'is stalled with the reason once nothing was stored for a minute',
      { stalledFor: 61_000, lag: 3_600 },
      { status: 'stalled', outboxLag: 3_600, waiting: 7, reason: 'no room' },
    ],
  ])('reports events as %s', async (_what, { stalledFor, lag }, told) => {
    expect(await health(stalledFor, lag).events()).toEqual(told)
  })
})
