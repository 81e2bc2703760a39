import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { partitionOf } from '../../src/redis/keys.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode, testKeys } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

let nats: NatsServer
let redis: RedisServer
let directory: string
let client: Redis

const connectClient = () =>
  new Redis(redis.url, { lazyConnect: true, retryStrategy: () => 50 }).on('error', () => {})
const refused = {
  failure: { error: 'storage_unavailable', message: 'the storage came back without its data', retryAfter: 1 },
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-lost-'))
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  redis = await startRedis({ dir: directory })
  client = connectClient()
})
afterEach(async () => {
  client.disconnect()
  await nats.stop()
  await redis.stop()
  await rm(directory, { recursive: true, force: true })
})

async function startNode() {
  const provider = scriptedProvider()
  const node = await startTestNode({
    natsUrl: nats.url,
    redisUrl: redis.url,
    refreshToken: provider.refreshToken,
    dataDir: join(directory, 'data'),
  })
  await node.tokenbus.putApp('app', { ...sandboxApp })
  await node.tokenbus.putAccount('alice', {
    app: 'app',
    user: 'someone',
    accessToken: new Secret('a1'),
    refreshToken: new Secret('r1'),
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    policy: 'lazy',
  })
  return { node, provider }
}

/** Redis ends; another one answers in its place, on this data or on none. */
async function replaceRedis(data?: string): Promise<void> {
  const { port } = redis
  await redis.kill()
  await rm(join(directory, 'appendonlydir'), { recursive: true })
  if (data !== undefined) await cp(data, join(directory, 'appendonlydir'), { recursive: true })
  redis = await startRedis({ port, dir: directory })
}

async function backUp(): Promise<string> {
  const copy = join(directory, 'backup')
  await cp(join(directory, 'appendonlydir'), copy, { recursive: true })
  return copy
}

describe('a Redis that comes back empty', () => {
  it('is asked for nothing and given nothing until its data is back', async () => {
    const { node } = await startNode()
    await using _ = node
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true })
    const backup = await backUp()
    await replaceRedis()
    await eventually(async () => expect(node.storage.trouble()).toMatch(/^Redis came back without its data/))
    const identity = /whose tb:meta has identity ([-\da-f]{36})\.$/.exec(
      node.storage.trouble() as string,
    )?.[1]
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    await expect(node.tokenbus.putApp('other', { ...sandboxApp })).rejects.toThrow(/without its data/)
    expect(await client.keys('*')).toEqual([])

    await replaceRedis(backup)
    await eventually(async () =>
      expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
    )
    expect(node.storage.trouble()).toBeNull()
    expect(await client.hget('tb:meta', 'identity')).toBe(identity)
  })

  it('is not believed when it says that there is no such account, though the connection held', async () => {
    const { node } = await startNode()
    await using _ = node
    await client.flushall()
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
  })

  it('takes no answer of the provider with it: that lies in the spool until the data is back', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    const forced = node.tokenbus.getToken('alice', { forceRefresh: true })
    await provider.asked()
    const backup = await backUp()
    await client.flushall()
    provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    const spooled = () => readdir(join(directory, 'data', 'spool')).catch(() => [])
    await eventually(async () => expect(await spooled()).toHaveLength(1))
    await forced

    await replaceRedis(backup)
    await eventually(async () => expect(await spooled()).toEqual([]))
    const reply = await node.tokenbus.getToken('alice', {})
    expect(reply.ok && JSON.parse(new TextDecoder().decode(reply.value))).toMatchObject({ accessToken: 'a2' })
  })
})

describe('a Redis that has lost a part of its data, as a Cluster with an empty master', () => {
  const lose = async (partition: number) => client.del(await client.keys(`tb:{${partition}}:*`))
  const known = { identity: 'another', rememberedIn: '/data/redis-identity' }
  const open = (more = {}) =>
    openStorage({
      url: redis.url,
      keys: testKeys,
      partitions: 4,
      logger: pino({ level: 'silent' }),
      ...more,
    })

  it('is not believed that an account there is not, and served from no more until it is back', async () => {
    const { node } = await startNode()
    await using _ = node
    const partition = partitionOf('alice', 4)
    const dump = new Map<string, Buffer>()
    for (const key of await client.keys(`tb:{${partition}}:*`))
      dump.set(key, (await client.dumpBuffer(key)) as Buffer)
    await lose(partition)
    node.host.cache.clear()
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    expect(node.storage.trouble()).toContain(`has lost a part of its data, partition ${partition};`)
    for (const [key, value] of dump) await client.restore(key, 0, value)
    await eventually(async () =>
      expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
    )
  })

  it('is noticed where nobody asks', async () => {
    const { node } = await startNode()
    await using _ = node
    await lose(2)
    await eventually(() => expect(node.storage.trouble()).toContain('partition 2;'), { within: 10_000 })
  })

  it('keeps a node from starting, and nothing is written to it', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    await lose(1)
    await lose(3)
    await expect(open()).rejects.toThrow('has lost a part of its data, partitions 1, 3: restore')
    expect(await client.keys('tb:{1}:*')).toEqual([])
  })

  it('keeps a node from starting where what is lost is the meta record, and a partition still knows its identity', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    const identity = await client.hget('tb:meta', 'identity')
    await client.del('tb:meta')
    await expect(open()).rejects.toThrow(
      `has lost a part of its data, its tb:meta: restore the newest backup whose tb:meta has identity ${identity}`,
    )
    expect(await client.exists('tb:meta')).toBe(0)
  })

  it('keeps a node from starting that remembers its data, if all is lost or other data is there', async () => {
    const anew = '; to begin anew, remove /data/redis-identity.'
    await expect(open({ known })).rejects.toThrow(
      /^This Redis has lost its data: restore .* identity another/,
    )
    await expect(open({ known })).rejects.toThrow(anew)
    expect(await client.keys('*')).toEqual([])
    await (await open()).close()
    await expect(open({ known })).rejects.toThrow(
      /^This Redis holds other data \(identity [-\da-f]{36}\) than/,
    )
    expect(await client.hget('tb:meta', 'identity')).not.toBe('another')
  })

  it('is taken as it is where it is a backup of before partitions were marked', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    const identity = (await client.hget('tb:meta', 'identity')) as string
    await client.hdel('tb:meta', 'identity', 'marked')
    await client.del(...(await client.keys('tb:{*}:identity')))
    const storage = await open({ known: { ...known, identity } })
    expect(await client.hmget('tb:meta', 'identity', 'marked')).toEqual([identity, '1'])
    expect(await client.get('tb:{3}:identity')).toBe(identity)
    await storage.close()
  })
})

describe('another Redis in its place', () => {
  it('is refused by its identity, whatever it holds', async () => {
    const { node } = await startNode()
    await using _ = node
    await client.hset('tb:meta', 'identity', 'another')
    await eventually(() =>
      expect(node.storage.trouble()).toMatch(/^Redis holds other data \(identity another\)/),
    )
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    expect(await client.hget('tb:meta', 'identity')).toBe('another')
  })

  it('is refused where a sealing key of the same id has other bytes', async () => {
    const { node } = await startNode()
    await using _ = node
    await using other = await startRedis()
    const storage = await openStorage({
      url: other.url,
      keys: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      partitions: 4,
      logger: pino({ level: 'silent' }),
    })
    await storage.close()
    const foreign = new Redis(other.url)
    const sealed = (await foreign.hget('tb:meta', 'canary:test')) as string
    foreign.disconnect()
    await client.hset('tb:meta', 'canary:test', sealed)
    await eventually(() =>
      expect(node.storage.trouble()).toMatch(/^Redis holds data sealed with another key of the id test;/),
    )
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
  })

  it('is taken for the same where it is a backup of before there were identities', async () => {
    const { node } = await startNode()
    await using _ = node
    const identity = await client.hget('tb:meta', 'identity')
    await client.hdel('tb:meta', 'identity')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await eventually(async () => expect(await client.hget('tb:meta', 'identity')).toBe(identity))
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true })
  })
})

describe('a Redis that takes no writes', () => {
  const full = 'the storage is full: Redis has reached its maxmemory'
  const readOnly = 'the storage is read-only: Redis is a replica'

  it.each([
    [full, () => client.config('SET', 'maxmemory', '1'), () => client.config('SET', 'maxmemory', '0')],
    [readOnly, () => client.replicaof('127.0.0.1', 1), () => client.replicaof('NO', 'ONE')],
  ])('is told as such: %s; tokens are read on, and all goes on by itself', async (message, begin, end) => {
    const { node } = await startNode()
    await using _ = node
    const failures: string[] = []
    node.storage.onFailure((why) => failures.push(why))
    await begin()
    await expect(node.tokenbus.putApp('other', { ...sandboxApp })).rejects.toThrow(message)
    expect(node.storage.trouble()).toBe(message)
    expect(failures).toContain(message === full ? 'full' : 'read_only')
    node.host.cache.clear()
    await eventually(async () =>
      expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
    )
    await end()
    await eventually(() => expect(node.storage.trouble()).toBeNull())
    await eventually(async () =>
      expect(await node.tokenbus.putApp('other', { ...sandboxApp })).toMatchObject({ ok: true }),
    )
  })

  it('is noticed where nobody writes', async () => {
    const { node } = await startNode()
    await using _ = node
    await client.config('SET', 'maxmemory', '1')
    await eventually(() => expect(node.storage.trouble()).toBe(full))
  })

  it('keeps a node from starting, in one sentence', async () => {
    await client.config('SET', 'maxmemory', '1')
    const opening = openStorage({
      url: redis.url,
      keys: testKeys,
      partitions: 4,
      logger: pino({ level: 'silent' }),
    })
    await expect(opening).rejects.toThrow(`Redis at 127.0.0.1:${redis.port} cannot be worked on: ${full}.`)
  })
})
