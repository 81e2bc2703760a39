import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import pLimit from 'p-limit'
import { type NatsServer, startNats } from './nats.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { startTokenbus, type TokenbusProcess } from './tokenbus-process.ts'

export interface Reply {
  readonly error?: string
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for.
  readonly [field: string]: any
}

export interface Nodes extends AsyncDisposable {
  readonly natsServer: NatsServer
  readonly redisServer: RedisServer
  readonly nats: NatsConnection
  readonly dataDir: string
  /** `program`: of another version. */
  startNode(env?: Record<string, string>, program?: string): Promise<TokenbusProcess>
  request(subject: string, payload?: object): Promise<Reply>
}

/** A start takes a core for a second: more of them at once would only be slower. */
const starting = pLimit(2)

/** Real NATS and Redis, and as many tokenbus processes as a test starts. */
export async function startNodes({ appendfsync = 'always', redisEnv = {} } = {}): Promise<Nodes> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-cluster-'))
  const natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redisServer = await startRedis({ args: ['--appendfsync', appendfsync], env: redisEnv })
  const nats = await connect({ servers: natsServer.url })
  const keys = `test:${randomBytes(32).toString('base64')}`
  const nodes: TokenbusProcess[] = []

  async function startNode(env: Record<string, string>, program?: string): Promise<TokenbusProcess> {
    const given = {
      TOKENBUS_NATS_URL: natsServer.url,
      TOKENBUS_REDIS_URL: redisServer.url,
      TOKENBUS_KEYS: keys,
      TOKENBUS_HTTP_PORT: '0',
      TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
      TOKENBUS_DATA_DIR: join(dataDir, `node-${nodes.length}`),
      TOKENBUS_LOG_LEVEL: 'trace',
      TOKENBUS_LEAVE_AFTER: '0',
      ...env,
    }
    const node = startTokenbus(['serve'], given, program)
    nodes.push(node)
    await node.says('tokenbus ready')
    return node
  }

  return {
    natsServer,
    redisServer,
    nats,
    dataDir,
    async request(subject, payload) {
      const reply = await nats.request(subject, payload && JSON.stringify(payload), { timeout: 10_000 })
      return reply.json()
    },
    startNode: (env = {}, program) => starting(() => startNode(env, program)),
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.stop()))
      await nats.close()
      await redisServer.stop()
      await natsServer.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
