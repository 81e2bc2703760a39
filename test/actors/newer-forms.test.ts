import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { snapshotSchema } from '../../machines/index.ts'
import { Secret } from '../../src/common/secret.ts'
import { expectedFailure } from '../../src/contract/expected-error.ts'
import { keysOf, metaKey, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { newestLevel } from '../../src/redis/write-level.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { linesOf } from '../support/lines-of.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()
const partitions = 4
let redis: Redis

beforeEach(async () => {
  redis = new Redis(engines.redisUrl)
  await redis.flushall()
})
afterEach(() => redis.disconnect())

async function start() {
  const provider = scriptedProvider()
  const log = linesOf()
  const met: string[] = []
  const node = await startTestNode({
    ...engines,
    partitions,
    logger: log.logger,
    refreshToken: provider.refreshToken,
    observer: { unreadable: (kind) => void met.push(kind) },
  })
  await node.tokenbus.putApp('app', { ...sandboxApp, rotation: 'strict' })
  return { ...node, node, provider, log, met }
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
const connect = ({ tokenbus }: TestNode, account: string) =>
  tokenbus.putAccount(account, {
    app: 'app',
    user: 'someone',
    policy: 'lazy',
    accessToken: new Secret('a1'),
    refreshToken: new Secret('r1'),
    expires: inAnHour(),
  })

/** As a newer node saves it: signed, in a newer form. */
async function saveNewer(
  { storage }: TestNode,
  ref: Ref,
  newer: { schema?: number; c?: (sealed: string) => string },
): Promise<void> {
  const previous = await storage.records.load(ref)
  const snapshot = {
    ...JSON.parse(previous.snapshot as string),
    ...(newer.schema && { schema: newer.schema }),
  }
  const { c } = previous.fields
  await storage.records.save({
    ...previous,
    ref,
    previous,
    saveId: 'of-a-newer-node',
    snapshot: JSON.stringify(snapshot),
    fields: newer.c && c ? { c: newer.c(c) } : {},
    outbox: [],
  })
}

const ofNewerFormat = (sealed: string) => sealed.replace(/^1\./, '2.')
const failureOf = async ({ tokenbus }: TestNode, account: string, want = {}) => {
  try {
    const reply = await tokenbus.getToken(account, want)
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  } catch (error) {
    return expectedFailure(error)?.failure
  }
}
const { due, record } = keysOf(partitionOf('alice', partitions))
const account = { kind: 'account', id: 'alice' } as const
const unchanged = async () => [await redis.hget(record(account), 'w'), await redis.hget(record(account), 's')]

it.each([
  ['a snapshot of a newer schema', { schema: snapshotSchema + 1 }],
  ['tokens encrypted in a newer format', { c: ofNewerFormat }],
  [
    'tokens encrypted with a key that is not configured',
    { c: (text: string) => text.replace('.test.', '.other.') },
  ],
])(
  '%s: the account is left unchanged, due again later, answered with 503, and logged once',
  async (_, newer) => {
    const started = await start()
    await using node = started.node
    await connect(node, 'alice')
    await saveNewer(node, account, newer)
    const before = await unchanged()
    for (let times = 0; times < 2; times++) {
      await redis.zadd(due, 0, 'account:alice')
      await eventually(async () =>
        expect(Number(await redis.zscore(due, 'account:alice'))).toBeGreaterThan(Date.now()),
      )
      expect(await failureOf(node, 'alice', { forceRefresh: true })).toMatchObject({
        error: 'storage_unavailable',
        retryAfter: 5,
      })
    }
    expect(await unchanged()).toEqual(before)
    expect(started.provider.requests).toEqual([])
    expect(started.met.length).toBeGreaterThan(1)
    const told = started.log.lines().filter(({ msg }) => String(msg).includes('newer version'))
    expect(told).toHaveLength(1)
  },
)

it('lists and other accounts are not affected', async () => {
  const started = await start()
  await using node = started.node
  await connect(node, 'alice')
  await connect(node, 'bob')
  await saveNewer(node, account, { schema: snapshotSchema + 1 })
  const list = await node.tokenbus.listAccounts({})
  expect(list.ok && list.value.accounts.map(({ account: id }) => id)).toEqual(['bob'])
  expect(await failureOf(node, 'bob')).toMatchObject({ accessToken: 'a1' })
})

it('an app of a newer form: nothing is sent, and no account’s outcome becomes unknown', async () => {
  const started = await start()
  await using node = started.node
  await connect(node, 'alice')
  await saveNewer(node, { kind: 'app', id: 'app' }, { schema: snapshotSchema + 1 })
  expect(await failureOf(node, 'alice', { forceRefresh: true })).toMatchObject({ accessToken: 'a1' })
  const { snapshot } = await node.host.accounts.load('alice')
  expect(snapshot).toMatchObject({
    value: 'expiring',
    context: { doubtSince: null, lastError: { reason: 'stored_by_newer_version' } },
  })
  expect(started.provider.requests).toEqual([])
})

it('if only a newer form is accepted, nothing is saved, and tokens are still served', async () => {
  const started = await start()
  await using node = started.node
  await connect(node, 'alice')
  const { sealer } = node.storage
  const place = { account: metaKey, slot: 'fingerprint-key' }
  const sealed = (await redis.hget(metaKey, 'fingerprint-key')) as string
  const text = sealer.open({ sealed, ...place }).reveal()
  const generation = newestLevel + 1
  await redis.hset(metaKey, 'fingerprint-key', sealer.seal({ text, ...place, generation }))
  await node.storage.level.refresh()
  const before = await unchanged()
  expect(await failureOf(node, 'alice')).toMatchObject({ accessToken: 'a1' })
  await failureOf(node, 'alice', { forceRefresh: true })
  expect(await unchanged()).toEqual(before)
  expect(started.provider.requests).toEqual([])
})
