import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { createClusterFacts } from '../../src/metrics/cluster-facts.ts'
import { createReadiness } from '../../src/metrics/readiness.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { linesOf } from '../support/lines-of.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { passTime } from '../support/pass-time.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'
import { spooledBy } from '../support/stored-content.ts'

const engines = useEngines()
const partitions = 4
const { due, arrived } = keysOf(partitionOf('alice', partitions))
let redis: Redis
let dataDir: string
let broken = false
let kept = 0

beforeEach(async () => {
  redis = new Redis(engines.redisUrl)
  await redis.flushall()
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-fault-'))
  broken = false
  kept = 0
})
afterEach(async () => {
  redis.disconnect()
  await rm(dataDir, { recursive: true })
})

/** A node that cannot store tokens while it is `broken`: the provider has rotated them by then. */
async function start() {
  const provider = scriptedProvider()
  const log = linesOf()
  const node = await startTestNode({
    ...engines,
    partitions,
    dataDir,
    logger: log.logger,
    refreshToken: provider.refreshToken,
    observer: { answerKept: () => void kept++ },
    whileStoring() {
      if (broken) throw new TypeError('a field of a newer schema is missing')
    },
  })
  const get = async (want = {}) => {
    const reply = await node.tokenbus.getToken('alice', want)
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  }
  const view = async () => {
    const found = await node.tokenbus.getAccount('alice')
    return found.ok ? found.value : found.failure
  }
  return { node, provider, log, get, view, ...node }
}

type Started = Awaited<ReturnType<typeof start>>

async function connect({ tokenbus }: Started): Promise<void> {
  await tokenbus.putApp('app', { ...sandboxApp, rotation: 'strict' })
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  const grant = { accessToken: new Secret('a1'), refreshToken: new Secret('r1'), expires }
  const put = { app: 'app', user: 'someone', policy: 'lazy' as const, ...grant }
  expect(await tokenbus.putAccount('alice', put)).toMatchObject({ ok: true })
}

/** A refresh whose response arrives while the node cannot store it. */
async function refreshWhileBroken({ provider, get }: Started): Promise<void> {
  const forced = get({ forceRefresh: true })
  await provider.asked()
  broken = true
  provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3_600 }))
  await eventually(async () => expect(await redis.hlen(arrived('alice'))).toBe(1))
  void forced
}

const claimNow = () => redis.zadd(due, 0, 'account:alice')

it('after an internal error, received tokens are kept encrypted in Redis, and the account shows the error', async () => {
  const started = await start()
  await using node = started.node
  await connect(started)
  await refreshWhileBroken(started)
  await eventually(async () =>
    expect(await started.view()).toMatchObject({
      state: 'refreshing',
      lastError: { reason: 'internal_error' },
    }),
  )
  expect(await started.get()).toMatchObject({ accessToken: 'a1' })
  expect(await readdir(join(dataDir, 'spool')).catch(() => [])).toEqual([])
  const { readiness } = createReadiness({
    facts: createClusterFacts({ ...node.storage, clock: node.clock }),
    flow: node.host.flow,
    lacks: () => [],
  })
  expect(await readiness()).toMatchObject({ missing: [] })
  expect(kept).toBe(1)
  expect(started.log.lines()).toContainEqual(
    expect.objectContaining({ level: 50, account: 'alice', msg: expect.stringContaining('internal error') }),
  )
  const everything = JSON.stringify([await redis.hgetall(arrived('alice')), started.log.lines()])
  expect(everything).not.toMatch(/"a2"|"r2"|a2"|r2"/)
})

it('a refresh token whose response is kept is not sent again, and a fixed version stores the response', async () => {
  const first = await start()
  {
    await using _ = first.node
    await connect(first)
    await refreshWhileBroken(first)
    await eventually(async () => expect(await first.view()).toMatchObject({ lastError: {} }))
    await passTime({ redisUrl: engines.redisUrl, partitions, ref: { account: 'alice' }, by: 600_000 })
    await eventually(async () => {
      expect(kept).toBeGreaterThan(1)
      // Claimed, it is due again in half a minute; put back, sooner.
      const dueIn = Number(await redis.zscore(due, 'account:alice')) - Date.now()
      expect(dueIn > 0 && dueIn < 28_000).toBe(true)
    })
    expect(await first.view()).toMatchObject({ state: 'refreshing' })
    expect(first.provider.requests).toHaveLength(1)
  }
  broken = false
  await claimNow()
  const repaired = await start()
  await using _ = repaired.node
  await eventually(async () =>
    expect(await repaired.get()).toMatchObject({ accessToken: 'a2', generation: 2 }),
  )
  expect(await repaired.view()).toMatchObject({ state: 'valid' })
  expect(await repaired.view()).not.toHaveProperty('lastError')
  await eventually(async () => expect(await redis.exists(arrived('alice'))).toBe(0))
  expect(repaired.provider.requests).toEqual([])
})

it('the same holds for a late response', async () => {
  const started = await start()
  await using node = started.node
  await connect(started)
  const { context } = (await node.host.accounts.load('alice')).snapshot
  broken = true
  const late = {
    account: 'alice',
    attempt: 'late',
    grantId: context.grantId as string,
    baseGeneration: 1,
    startedAt: context.since,
    expiresIn: 3_600_000,
    refreshTokenExpiresIn: null,
    scopes: null,
    resource: null,
    tokens: { accessToken: new Secret('a2'), refreshToken: new Secret('r2') },
  }
  await node.host.arrivedAnswers.keep(late, new Error('broken'))
  const forced = started.get({ forceRefresh: true })
  await eventually(() => expect(kept).toBeGreaterThan(1))
  expect(started.provider.requests).toEqual([])
  broken = false
  await claimNow()
  expect(await forced).toMatchObject({ accessToken: 'a2' })
  expect(started.provider.requests).toEqual([])
})

it('a spooled response that cannot be stored at the start is kept in Redis, and the node starts', async () => {
  const first = await start()
  await connect(first)
  const spooled = await spooledBy(first.node)
  await first.node[Symbol.asyncDispose]()
  await mkdir(join(dataDir, 'spool'), { recursive: true })
  await writeFile(join(dataDir, 'spool', 'spooled.json'), spooled)
  broken = true
  const second = await start()
  await using _ = second.node
  expect(await redis.hkeys(arrived('alice'))).toEqual(['spooled'])
  expect(await readdir(join(dataDir, 'spool'))).toEqual([])
})

it('a kept response is deleted with its account, and re-encrypted with a new key', async () => {
  const started = await start()
  await using node = started.node
  await connect(started)
  await refreshWhileBroken(started)
  await eventually(async () => expect(await started.view()).toMatchObject({ lastError: {} }))
  const before = await redis.hgetall(arrived('alice'))
  await node.host.arrivedAnswers.reseal('alice')
  expect(await redis.hgetall(arrived('alice'))).toEqual(before)
  await started.tokenbus.deleteAccount('alice', {})
  await eventually(async () => expect(await redis.exists(arrived('alice'))).toBe(0))
})
