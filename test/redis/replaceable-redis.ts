import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'

export const refused = {
  failure: { error: 'storage_unavailable', message: 'the storage has lost its data', retryAfter: 1 },
}

/** NATS, and a Redis on disk that another one can take the place of. */
export function useReplaceableRedis() {
  let nats: NatsServer
  let redis: RedisServer
  let directory: string
  let client: Redis

  const connectClient = () =>
    new Redis(redis.url, { lazyConnect: true, retryStrategy: () => 50 }).on('error', () => {})

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

  return {
    startNode,
    replaceRedis,
    backUp,
    get nats() {
      return nats
    },
    get redis() {
      return redis
    },
    get directory() {
      return directory
    },
    get client() {
      return client
    },
  }
}
