import { connect } from 'nats'
import { expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

it('a revoked grant invalidates every node’s cache while only core NATS works', async () => {
  const { refreshToken } = scriptedProvider()
  await using one = await startTestNode({ ...engines, refreshToken })
  await using two = await startTestNode({ ...engines, refreshToken, onlyAnnouncements: true })
  await one.tokenbus.putApp('app', { ...sandboxApp })
  await one.tokenbus.putAccount('known', {
    app: 'app',
    user: 'someone',
    accessToken: new Secret('first'),
    refreshToken: new Secret('r1'),
    expires: inAnHour(),
  })
  await eventually(async () => {
    await two.tokenbus.getToken('known', {})
    expect(two.host.cache.read('known', null)).toBeDefined()
  })
  await eventually(async () => expect(await one.storage.records.outbox.size()).toBe(0))
  const nats = await connect({ servers: engines.natsUrl })
  const manager = await nats.jetstreamManager()
  for (const name of ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY']) await manager.streams.delete(name)
  await nats.close()

  await one.tokenbus.revokeAccount('known', {})

  await eventually(() => expect(two.host.cache.read('known', null)).toBeUndefined())
  expect(await two.tokenbus.getToken('known', {})).toMatchObject({ failure: { error: 'grant_revoked' } })
  expect(await one.storage.records.outbox.size()).toBeGreaterThan(0)
})

it('a save that a crashed node did not announce is announced by each other node once', async () => {
  const { refreshToken } = scriptedProvider()
  await using one = await startTestNode({ ...engines, refreshToken })
  await using two = await startTestNode({ ...engines, refreshToken })
  const nats = await connect({ servers: engines.natsUrl })
  const announced: { id: string }[] = []
  nats.subscribe('tokenbus.changed', { callback: (_, message) => announced.push(message.json<never>()) })
  await nats.flush()
  const { records } = one.storage
  const body = JSON.stringify({ id: 'e1' })
  const entry = { id: 'e1', type: 'account.transition', time: new Date().toISOString(), body } as const
  const ref = { kind: 'account', id: 'orphan' } as const
  await records.save({
    ref,
    saveId: 'by the dead node',
    snapshot: '{}',
    generation: 1,
    state: 'valid',
    wakeAt: null,
    app: null,
    previous: { version: 0, saveId: null, state: null, app: null, names: [], fields: {} },
    outbox: [{ ...entry, ref }],
  })
  await eventually(() => expect(announced).toContainEqual({ ...ref, version: 1, save: 'by the dead node' }))
  await one.host.unannouncedSaves.look()
  await two.host.unannouncedSaves.look()
  // By each node's look, and by each node's sweep that finds it in the outbox.
  expect(announced.filter(({ id }) => id === ref.id).length).toBeLessThanOrEqual(4)
  await nats.close()
})
