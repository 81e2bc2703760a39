import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'

let nats: NatsServer
let redis: RedisServer
let directory: string
const configText = 'jetstream { max_file_store: 20GB }'

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-outage-'))
  nats = await startNats({ configText })
  redis = await startRedis({ dir: directory })
})
afterEach(async () => {
  await nats.stop()
  await redis.stop()
  await rm(directory, { recursive: true, force: true })
})

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

async function startNode(provider = scriptedProvider()) {
  const dataDir = join(directory, 'data')
  const node = await startTestNode({
    natsUrl: nats.url,
    redisUrl: redis.url,
    refreshToken: provider.refreshToken,
    dataDir,
  })
  const get = async (account: string, want = {}) => {
    const reply = await node.tokenbus.getToken(account, want)
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  }
  return { node, provider, get, spool: () => readdir(join(dataDir, 'spool')).catch(() => []) }
}

async function connectAccount({ tokenbus }: TestNode, account = 'alice') {
  await tokenbus.putApp('app', { ...sandboxApp })
  const tokens = { accessToken: new Secret('a1'), refreshToken: new Secret('r1'), expires: inAnHour() }
  expect(
    await tokenbus.putAccount(account, { app: 'app', user: 'someone', policy: 'lazy', ...tokens }),
  ).toMatchObject({ ok: true })
}

async function restartRedis(): Promise<void> {
  const { port } = redis
  await redis.kill()
  redis = await startRedis({ port, dir: directory })
}

describe('Redis unreachable', () => {
  it('when a token response arrives: it is spooled, and stored after the reconnect', async () => {
    const { node, provider, get, spool } = await startNode()
    await using _ = node
    await connectAccount(node)
    const forced = get('alice', { forceRefresh: true })
    await provider.asked()
    await redis.kill()
    provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    await eventually(async () => expect(await spool()).toHaveLength(1))
    redis = await startRedis({ port: redis.port, dir: directory })
    await eventually(async () =>
      expect(await get('alice')).toMatchObject({ accessToken: 'a2', generation: 2 }),
    )
    await eventually(async () => expect(await spool()).toEqual([]))
    expect(provider.requests).toHaveLength(1)
    await forced
  })

  it('until the process has stopped: the next start stores the spooled response before the used token could be sent again', async () => {
    const { node, provider, get, spool } = await startNode()
    await connectAccount(node)
    const forced = get('alice', { forceRefresh: true })
    await provider.asked()
    await redis.kill()
    provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    await eventually(async () => expect(await spool()).toHaveLength(1))
    await node[Symbol.asyncDispose]()
    await forced

    redis = await startRedis({ port: redis.port, dir: directory })
    const second = await startNode()
    await using _ = second.node
    expect(await second.get('alice')).toMatchObject({ accessToken: 'a2', generation: 2 })
    expect(await second.spool()).toEqual([])
    expect(second.provider.requests).toEqual([])
  })

  it('a cached token is served until it expires, and another account is 503 at once', async () => {
    const { node, get } = await startNode()
    await using _ = node
    await connectAccount(node)
    await connectAccount(node, 'bob')
    await eventually(async () => {
      await get('alice')
      expect(node.host.cache.read('alice', null)).toBeDefined()
    })
    await redis.kill()
    expect(await get('alice')).not.toHaveProperty('refreshed')
    expect(await get('alice', { forceRefresh: true })).toMatchObject({ accessToken: 'a1', refreshed: false })
    expect(await get('bob')).toMatchObject({ error: 'storage_unavailable', retryAfter: 1 })
    await restartRedis()
    await eventually(async () => expect(await get('bob')).toMatchObject({ accessToken: 'a1' }))
  })
})

describe('NATS unreachable', () => {
  it('events stay in the outbox, and are published later once each in order', async () => {
    const storeDir = await mkdtemp(join(tmpdir(), 'tokenbus-store-'))
    await nats.stop()
    nats = await startNats({ configText, storeDir })
    const { node } = await startNode()
    await using _ = node
    await connectAccount(node)
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))
    const { port } = nats
    await nats.stop()
    for (let i = 0; i < 20; i++)
      await node.tokenbus.putAccount('alice', { app: 'app', user: 'someone', metadata: { i } })
    expect(await node.storage.records.outbox.size()).toBe(20)
    nats = await startNats({ configText, storeDir, port })
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))

    const client = await connect({ servers: nats.url })
    const { streams } = await client.jetstreamManager()
    const { state } = await streams.info('TOKENBUS_HISTORY')
    const versions: number[] = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      versions.push(
        (await streams.getMessage('TOKENBUS_HISTORY', { seq })).json<{ version: number }>().version,
      )
    }
    expect(versions).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
    await client.close()
  })

  it('nothing is served from memory, because invalidations could be missed', async () => {
    const { node, get } = await startNode()
    await using _ = node
    await connectAccount(node)
    await eventually(async () => {
      await get('alice')
      expect(node.host.cache.read('alice', null)).toBeDefined()
    })
    const { port } = nats
    await nats.kill()
    await eventually(() => expect(node.host.cache.readUnchecked('alice', null)).toBeUndefined())
    expect(await get('alice')).toMatchObject({ accessToken: 'a1' })
    nats = await startNats({ configText, port })
  })
})

describe('the provider unreachable', () => {
  it('50 requests for an expired token get 503 with retryAfter at once, for one attempt', async () => {
    const { node, provider, get } = await startNode()
    await using _ = node
    await node.tokenbus.putApp('app', { ...sandboxApp })
    await node.tokenbus.putAccount('alice', { app: 'app', user: 'someone', refreshToken: new Secret('r1') })
    await provider.asked()
    const readers = Array.from({ length: 50 }, (_, i) => get('alice', { minValidity: i % 5 }))
    provider.answer(refused({ class: 'T', reason: 'provider_unavailable', retryAfter: 30 }))
    for (const reply of await Promise.all(readers)) {
      expect(reply).toMatchObject({ error: 'provider_unavailable', retryAfter: expect.any(Number) })
    }
    expect(await get('alice')).toMatchObject({
      error: 'provider_unavailable',
      retryAfter: expect.any(Number),
    })
    expect(provider.requests).toHaveLength(1)
  })
})

it('a hundred forced requests in a row cause five refreshes', async () => {
  const { node, provider, get } = await startNode()
  await using _ = node
  await connectAccount(node)
  let refreshes = 0
  for (let i = 0; i < 100; i++) {
    const forced = get('alice', { forceRefresh: true })
    const asked = await Promise.race([
      provider.asked(refreshes + 1).then(() => true),
      forced.then(() => false),
    ])
    if (asked) provider.answer(answered({ accessToken: `a${++refreshes + 1}`, expiresIn: 3600 }))
    expect(await forced).toMatchObject({ accessToken: `a${refreshes + 1}` })
    expect('refreshed' in (await forced)).toBe(!asked)
  }
  expect(refreshes).toBe(5)
})
