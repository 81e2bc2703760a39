import { connect } from 'nats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { startTestNode, type TestNodeOptions } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'
import { readStream } from '../support/stream-reader.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

let nats: NatsServer
let redis: RedisServer
let proxy: TcpProxy

beforeEach(async () => {
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  redis = await startRedis()
})
afterEach(async () => {
  await proxy.stop()
  await nats.stop()
  await redis.stop()
})

const startNode = (options: Partial<TestNodeOptions> & Pick<TestNodeOptions, 'refreshToken'>) =>
  startTestNode({ natsUrl: nats.url, redisUrl: redis.url, ...options })

const behind = () => `127.0.0.1:${proxy.port}`

async function published<Body>(name: 'TOKENBUS_EVENTS' | 'TOKENBUS_HISTORY'): Promise<Body[]> {
  const client = await connect({ servers: nats.url })
  const bodies = await readStream<Body>(client, name)
  await client.close()
  return bodies
}

const versions = async () =>
  (await published<{ version: number }>('TOKENBUS_HISTORY')).map(({ version }) => version)

describe('a save whose reply is lost', () => {
  async function start() {
    proxy = await startProxy({ port: redis.port })
    const provider = scriptedProvider()
    const { refreshToken } = provider
    const near = await startNode({ refreshToken })
    const node = await startNode({ refreshToken, redisUrl: `redis://${behind()}` })
    await putTestAccount(node, 'alice')
    const reaches = (version: number) =>
      eventually(async () =>
        expect((await near.storage.records.load({ kind: 'account', id: 'alice' })).version).toBe(version),
      )
    return { provider, near, node, reaches, answer: () => provider.answer(second) }
  }
  const second = answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3_600 })

  async function wasDoneOnce({ provider, near, node }: Awaited<ReturnType<typeof start>>) {
    await eventually(async () => expect(await getToken(node, 'alice')).toMatchObject({ accessToken: 'a2' }))
    expect(provider.requests).toHaveLength(1)
    await eventually(async () => expect(await near.storage.records.outbox.size()).toBe(0))
    expect(await versions()).toEqual([1, 2, 3])
  }

  it('still counts as the intent: the refresh is sent once, without delay', async () => {
    const started = await start()
    await using _near = started.near
    await using _node = started.node
    proxy.holdRepliesFrom('"value":"refreshing"')
    const forced = getToken(started.node, 'alice', { forceRefresh: true })
    await started.reaches(2)
    proxy.restore()
    await started.provider.asked()
    started.answer()
    await forced
    await wasDoneOnce(started)
  })

  it('still counts as stored: token.refreshed is published once', async () => {
    const started = await start()
    await using _near = started.near
    await using _node = started.node
    proxy.holdRepliesFrom('refresh.succeeded')
    const forced = getToken(started.node, 'alice', { forceRefresh: true })
    await started.provider.asked()
    started.answer()
    await started.reaches(3)
    proxy.restore()
    await forced
    await wasDoneOnce(started)
  })
})

describe('a NATS connection that passes nothing', () => {
  it('stops one node from publishing; another node publishes its events in order with its next save', async () => {
    proxy = await startProxy({ port: nats.port })
    const { refreshToken } = scriptedProvider()
    await using cutOff = await startNode({ refreshToken, natsUrl: `nats://${behind()}` })
    await using near = await startNode({ refreshToken })
    await putTestAccount(near, 'alice')
    await eventually(async () => expect(await versions()).toEqual([1]))
    proxy.freeze()
    const put = { app: 'app', user: 'someone' }
    for (const i of [2, 3]) await cutOff.tokenbus.putAccount('alice', { ...put, metadata: { i } })
    await near.tokenbus.putAccount('alice', { ...put, metadata: { i: 4 } })
    await eventually(async () => expect(await versions()).toEqual([1, 2, 3, 4]))
    proxy.restore()
    await cutOff.tokenbus.putAccount('alice', { ...put, metadata: { i: 5 } })
    await eventually(async () => expect(await versions()).toEqual([1, 2, 3, 4, 5]))
  })

  it('is detected, and then nothing is served from memory', async () => {
    proxy = await startProxy({ port: nats.port })
    const { refreshToken, asked, answer } = scriptedProvider()
    await using near = await startNode({ refreshToken })
    await using cutOff = await startNode({ refreshToken, natsUrl: `nats://${behind()}`, pingInterval: 200 })
    await putTestAccount(near, 'alice')
    await eventually(async () => {
      await getToken(cutOff, 'alice')
      expect(cutOff.host.cache.read('alice', null)).toBeDefined()
    })
    proxy.freeze()
    const forced = getToken(near, 'alice', { forceRefresh: true })
    await asked()
    answer(answered({ accessToken: 'a2', expiresIn: 3_600 }))
    expect(await forced).toMatchObject({ accessToken: 'a2' })
    await eventually(async () => expect(await getToken(cutOff, 'alice')).toMatchObject({ accessToken: 'a2' }))
  })
})
