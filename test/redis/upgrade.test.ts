import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Attempt } from '../../machines/index.ts'
import { createApiTokens } from '../../src/admin/verify-api-token.ts'
import { Secret } from '../../src/common/secret.ts'
import { Tampered } from '../../src/redis/integrity.ts'
import { keysOf, metaKey, partitionOf } from '../../src/redis/keys.ts'
import { newestLevel } from '../../src/redis/write-level.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { sampleFor } from '../support/stored-accounts.ts'
import { readFixture, recordsOf, restore, storedFixtures } from '../support/stored-fixture.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

const engines = useEngines()
let redis: Redis

beforeAll(() => {
  redis = new Redis(engines.redisUrl)
})
afterAll(() => redis.disconnect())

/** One page after another, `most` of them; answers what they found. */
async function finish({ tokenbus }: TestNode, most = 1_000) {
  const total = { looked: 0, rewritten: 0, finished: false, cursor: undefined as string | undefined }
  for (let pages = 0; pages < most && !total.finished; pages++) {
    const cursor = total.cursor && { cursor: total.cursor }
    const page = await tokenbus.finishUpgrade({ level: newestLevel, limit: 10, ...cursor })
    if (!page.ok) throw new Error(page.failure.message)
    total.looked += page.value.looked
    total.rewritten += page.value.rewritten
    total.finished = page.value.finished === true
    total.cursor = page.value.cursor
  }
  return total
}

const ofLevel1 = storedFixtures.filter((version) => {
  const { content } = readFixture(version).redis[metaKey] as { content: Record<string, string> }
  return content.schema === '1'
})

describe.each(ofLevel1)('an upgrade of data stored by %s', (version) => {
  const fixture = readFixture(version)
  const { keys, partitions } = fixture
  const keyOf = (kind: 'account' | 'app', id: string) =>
    keysOf(partitionOf(id, partitions)).record({ kind, id })
  const start = () =>
    startTestNode({ ...engines, keys, partitions, refreshToken: () => new Promise(() => {}), waker: false })
  const update = (node: TestNode, account: string) =>
    node.host.accounts.receive(account, ({ snapshot }) => sampleFor('account.updated', snapshot))
  const stored = async (kind: 'account' | 'app', id: string) => {
    const { m, s = '{}' } = await redis.hgetall(keyOf(kind, id))
    return { signed: m !== undefined, schema: JSON.parse(s).schema }
  }

  beforeEach(() => restore(redis, fixture))

  it('writes the format that older nodes read, until it is finished', async () => {
    await using node = await start()
    await update(node, 'alice')
    expect(await stored('account', 'alice')).toEqual({ signed: false, schema: 2 })
    const made = await node.tokenbus.createApiToken({ name: 'new', scopes: ['admin'] })
    const row = await redis.hget('tb:{api-tokens}', made.ok ? made.value.id : '')
    expect(JSON.parse(row as string)).toMatchObject({ name: 'new' })
    await node.storage.pendingConsents.put('ticket', { details: { nonce: 'n' }, secret: 'verifier' })
    expect(await node.storage.pendingConsents.look('ticket')).toMatchObject({ secret: 'verifier' })
    expect(await redis.hget(metaKey, 'schema')).toBe('1')
  })

  it('makes other running nodes write the new format within seconds of its end', async () => {
    await using one = await start()
    await using other = await start()
    await finish(one, 1)
    await eventually(() => expect(other.storage.level.written()).toBe(newestLevel))
    await update(other, 'alice')
    expect(await stored('account', 'alice')).toEqual({ signed: true, schema: 3 })
    expect(other.storage.level.lowest()).toBe(1)
    await finish(one)
    await eventually(() => expect(other.storage.level.lowest()).toBe(newestLevel))
  })

  it('continues after an interruption, and skips finished records', async () => {
    await using node = await start()
    const first = await finish(node, 3)
    expect(first.rewritten).toBeGreaterThan(0)
    const again = await finish(node)
    expect(again.finished).toBe(true)
    const third = await finish(node)
    expect({ ...third, rewritten: 0 }).toEqual(third)
    const all = [...(await redis.keys('tb:*:account:*')), ...(await redis.keys('tb:*:app:*'))]
    for (const key of all) {
      const hash = await redis.hgetall(key)
      if (hash.state !== undefined)
        expect({ key, signed: hash.m !== undefined }).toEqual({ key, signed: true })
    }
    expect(await stored('app', 'public')).toEqual({ signed: true, schema: 3 })
  })

  it('rejects records without a MAC afterwards, whatever level Redis has, and deleted accounts can be connected', async () => {
    {
      await using node = await start()
      await finish(node)
    }
    await redis.hset(metaKey, 'schema', '1')
    await redis.hdel(keyOf('account', 'alice'), 'm')
    await redis.hset('tb:{api-tokens}', fixture.redis['tb:{api-tokens}']?.content as Record<string, string>)
    await using node = await start()
    expect(node.storage.level.lowest()).toBe(newestLevel)
    await expect(node.host.accounts.load('alice')).rejects.toThrow(Tampered)
    const apiTokens = createApiTokens({ store: node.storage.apiTokens, clock: node.clock })
    expect(await apiTokens.verify(fixture.apiToken)).toBeNull()
    const deleted = (await redis.keys('tb:*:account:*')).map(async (key) => {
      const state = await redis.hget(key, 'state')
      return state === null ? [key.replace(/^tb:\{\d+\}:account:/, '')] : []
    })
    const ids = (await Promise.all(deleted)).flat()
    expect(ids.length).toBeGreaterThan(0)
    for (const id of ids) {
      const before = await node.host.accounts.load(id)
      expect(before.snapshot.context).toMatchObject({ grantId: null, generation: 0 })
      const { record } = await node.host.accounts.receive(id, ({ snapshot }) =>
        sampleFor('account.authorized, eager and strict', snapshot),
      )
      expect(record.version).toBe(before.record.version + 1)
    }
  })

  it('loses no grant in any state, stores responses in flight, and keeps all data', async () => {
    const tokens = async ({ host }: TestNode, id: string) => {
      const { record } = await host.accounts.load(id)
      return host.accounts.openCurrent(id, record)?.refreshToken?.reveal()
    }
    const expected = new Map<string, string | undefined>()
    const rows = new Map<string, number>()
    {
      await using old = await start()
      await using other = await start()
      for (const id of recordsOf(fixture, 'account').keys()) {
        const loaded = await old.host.accounts.load(id)
        const { value, context } = loaded.snapshot
        if (context.grantId === null) continue
        const { attempt } = context
        const step = attempt === null ? 'nothing in flight' : `${attempt.spend} token in flight`
        const row = `${version} · ${value} · ${step}`
        rows.set(row, (rows.get(row) ?? 0) + 1)
        if (attempt !== null) await old.host.pendingAnswers.store(answerTo(attempt, id), loaded)
        await update(other, id)
        expected.set(id, attempt === null ? await tokens(old, id) : `new-${id}`)
        expect({ id, schema: (await stored('account', id)).schema }).toEqual({ id, schema: 2 })
      }
      await finish(other)
    }
    await using node = await start()
    const lost: string[] = []
    for (const [id, token] of expected) if ((await tokens(node, id)) !== token) lost.push(id)
    expect({ version, lost }).toEqual({ version, lost: [] })
    expect(rows.size).toBeGreaterThan(5)
    if (process.env.TOKENBUS_SHOW_TABLES)
      for (const [row, count] of [...rows].sort()) process.stdout.write(`${row}: ${count}, grants lost: 0\n`)
  })

  it('is finished by a command', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-upgrade-'))
    const node = startTokenbus(['serve'], {
      TOKENBUS_DATA_DIR: dataDir,
      TOKENBUS_NATS_URL: engines.natsUrl,
      TOKENBUS_REDIS_URL: engines.redisUrl,
      TOKENBUS_KEYS: keys,
      TOKENBUS_PARTITIONS: String(partitions),
      TOKENBUS_HTTP_PORT: '0',
      TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
    })
    try {
      await node.says('tokenbus ready')
      const finishing = startTokenbus(['upgrade', 'finish'], { TOKENBUS_NATS_URL: engines.natsUrl })
      expect(await finishing.ended).toBe(0)
      expect(finishing.output()).toContain('Everything is stored at level 2')
      expect(await redis.hget(metaKey, 'schema')).toBe('2')
    } finally {
      await node.stop()
      await rm(dataDir, { recursive: true })
    }
  })
})

it('a new database begins at the newest level', async () => {
  await redis.flushall()
  await using node = await startTestNode({
    ...engines,
    refreshToken: () => new Promise(() => {}),
    waker: false,
  })
  const { level } = node.storage
  expect([level.written(), level.lowest()]).toEqual([newestLevel, newestLevel])
  await node.tokenbus.finishUpgrade({ level: newestLevel })
  expect(await node.tokenbus.finishUpgrade({ level: newestLevel + 1 })).toMatchObject({
    failure: { error: 'conflict' },
  })
})

const answerTo = ({ id: attempt, grantId, generation, startedAt, resource }: Attempt, account: string) => ({
  account,
  attempt,
  grantId,
  baseGeneration: generation,
  startedAt,
  expiresIn: 3_600_000,
  refreshTokenExpiresIn: null,
  scopes: null,
  resource,
  tokens: { accessToken: new Secret(`access-${account}`), refreshToken: new Secret(`new-${account}`) },
})
