import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { absentAccount } from '../../machines/account-context.ts'
import { newApp } from '../../machines/app-context.ts'
import { createApiTokens } from '../../src/admin/verify-api-token.ts'
import { fromPending } from '../../src/consent/tickets.ts'
import type { Pending } from '../../src/redis/pending-consents.ts'
import { replay } from '../../src/testing/index.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { sampleFor } from '../support/stored-accounts.ts'
import { readFixture, recordsOf, restore, storedFixtures } from '../support/stored-fixture.ts'

const engines = useEngines()
const states = ['expiring', 'refreshing', 'revoked', 'secret-expired', 'valid']
let redis: Redis

beforeAll(() => {
  redis = new Redis(engines.redisUrl)
})
afterAll(() => redis.disconnect())

describe.each(storedFixtures)('data stored by version %s', (version) => {
  const fixture = readFixture(version)
  const accounts = recordsOf(fixture, 'account')
  const apps = recordsOf(fixture, 'app')
  const contextOf = (stored: Record<string, string> | undefined) => JSON.parse(stored?.s ?? '{}').context

  const start = (options: { dataDir?: string } = {}) =>
    startTestNode({
      ...engines,
      ...options,
      refreshToken: () => new Promise(() => {}),
      keys: fixture.keys,
      partitions: fixture.partitions,
      waker: false,
    })

  beforeEach(() => restore(redis, fixture))

  it('has accounts in every state, attempts in flight, deleted accounts and apps, and pending events', () => {
    const all = [...accounts.values()]
    expect([...new Set(all.flatMap(({ state = [] }) => state))].sort()).toEqual(states)
    expect(new Set(all.map((stored) => contextOf(stored).attempt?.spend))).toContain('sibling')
    expect(all.some(({ state }) => state === undefined)).toBe(true)
    const appStates = [...new Set([...apps.values()].flatMap(({ state = [] }) => state))].sort()
    expect(appStates).toEqual(['healthy', 'secret-expired', 'secret-expiring', 'throttled'])
    const accused = [...apps.values()]
      .map(contextOf)
      .filter(({ suspicion, question }) => suspicion ?? question)
    expect(accused).not.toEqual([])
  })

  it('loads unchanged: each account and app with its tokens and secrets', async () => {
    await using node = await start()
    for (const [id, stored] of accounts) {
      const { snapshot, record } = await node.host.accounts.load(id)
      expect(snapshot).toMatchObject({
        value: JSON.parse(stored.s as string).value,
        context: contextOf(stored),
      })
      expect(Object.keys(snapshot.context).sort()).toEqual(Object.keys(absentAccount({ account: id })).sort())
      const tokens = node.host.accounts.openCurrent(id, record)
      const held = stored.state !== undefined && contextOf(stored).refreshable && id !== 'robot'
      if (held) expect(tokens?.refreshToken).toBeDefined()
    }
    for (const [id, stored] of apps) {
      const { context, config, secrets } = await node.host.apps.look(id)
      expect(context).toMatchObject(contextOf(stored))
      expect(Object.keys(context).sort()).toEqual(Object.keys(newApp({ app: id })).sort())
      expect(config).toEqual(stored.config === undefined ? null : JSON.parse(stored.config))
      expect(secrets.map((each) => each.id)).toEqual(
        contextOf(stored).secrets.map(({ id }: { id: string }) => id),
      )
    }
  })

  it('is saved after an event, and loads again with the same tokens', async () => {
    await using node = await start()
    const before = await tokensOf(node, [...accounts.keys()])
    for (const id of accounts.keys()) {
      const { taken, record } = await node.host.accounts.receive(id, ({ snapshot }) => ({
        ...sampleFor('keys.rotated', snapshot),
        extra: {},
      }))
      const exists = accounts.get(id)?.state !== undefined
      expect({ id, taken, version: record.version }).toEqual({
        id,
        taken: exists,
        version: Number(accounts.get(id)?.v) + (exists ? 1 : 0),
      })
    }
    expect(await tokensOf(node, [...accounts.keys()])).toEqual(before)
    for (const [id, stored] of apps) {
      const app = await node.host.apps.configure(id, ({ config, secrets }) => config && { config, secrets })
      expect(app.record.version).toBe(Number(stored.v) + 1)
      expect((await node.host.apps.look(id)).config).toEqual(app.config)
    }
  })

  it('works: deleted accounts can be connected, API tokens are valid, consents continue, events are published', async () => {
    await using node = await start()
    for (const [id, { state }] of accounts) {
      if (state !== undefined) continue
      const { taken } = await node.host.accounts.receive(id, ({ snapshot }) =>
        sampleFor('account.authorized, eager and strict', snapshot),
      )
      expect(taken).toBe(true)
    }
    const apiTokens = createApiTokens({ store: node.storage.apiTokens, clock: node.clock })
    expect(await apiTokens.verify(fixture.apiToken)).toMatchObject({ scopes: ['admin'], accounts: '*' })
    expect(await node.storage.apiTokens.list()).toHaveLength(2)
    const pending = node.storage.pendingConsents
    const { codeVerifier, account } = fromPending((await pending.look(fixture.ticket)) as Pending)
    expect([account, codeVerifier.reveal()]).toEqual(['alice', 'verifier'])
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))
  })

  it('has spooled responses, which the next start stores', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-fixture-'))
    const spool = join(dataDir, 'spool')
    await mkdir(spool)
    await writeFile(join(spool, 'spooled.json'), fixture.spooled)
    await using node = await start({ dataDir })
    const { record } = await node.host.accounts.load('alice')
    expect(node.host.accounts.openCurrent('alice', record)?.refreshToken?.reveal()).toBe('spooled-refresh')
    await rm(dataDir, { recursive: true })
  })

  it.runIf(Object.keys(fixture.redis).some((key) => key.includes(':arrived:')))(
    'has a kept response, which is stored in its account',
    async () => {
      await using node = await start()
      const { accounts, arrivedAnswers } = node.host
      expect((await accounts.load('kept')).snapshot).toMatchObject({
        value: 'refreshing',
        context: { lastError: { reason: 'internal_error' } },
      })
      expect(await arrivedAnswers.storeKept('kept')).toBe(true)
      const { snapshot, record } = await accounts.load('kept')
      expect(snapshot).toMatchObject({ value: 'valid', context: { lastError: null } })
      expect(accounts.openCurrent('kept', record)?.refreshToken?.reveal()).toBe('kept-refresh')
      expect(await redis.keys('tb:*:arrived:*')).toEqual([])
    },
  )

  it.each(Object.keys(fixture.histories))('has a history of %s that replays as recorded', (account) => {
    const history = fixture.histories[account] as unknown[]
    const { divergence, checked, skipped } = replay(history)
    expect(divergence).toBeUndefined()
    expect({ checked, skipped }).toEqual({ checked: history.length, skipped: 0 })
  })
})

async function tokensOf({ host }: TestNode, ids: readonly string[]) {
  const each = ids.map(async (id) => {
    const { record } = await host.accounts.load(id)
    const { accessToken, refreshToken, resources = {} } = host.accounts.openCurrent(id, record) ?? {}
    return [
      id,
      accessToken?.reveal(),
      refreshToken?.reveal(),
      Object.entries(resources).map(([key, token]) => [key, token.reveal()]),
    ]
  })
  return Promise.all(each)
}
