import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import { createProvider } from '../../src/provider/provider.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { type NatsServer, startNats } from './nats.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { startTokenbus, type TokenbusProcess } from './tokenbus-process.ts'

export interface Reply {
  readonly error?: string
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for.
  readonly [field: string]: any
}

export interface Cluster extends AsyncDisposable {
  readonly natsServer: NatsServer
  readonly redisServer: RedisServer
  readonly sandbox: Sandbox
  readonly nats: NatsConnection
  readonly dataDir: string
  startNode(env?: Record<string, string>): Promise<TokenbusProcess>
  request(subject: string, payload?: object): Promise<Reply>
  /** Connects an account through the sandbox's consent page; `fresh: false` leaves its access token behind. */
  connectAccount(account: string, options?: { fresh?: boolean; policy?: string }): Promise<Reply>
}

/** Real NATS, Redis and OAuth server, and as many tokenbus processes as a test starts. */
export async function startCluster(): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-cluster-'))
  const natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redisServer = await startRedis({ args: ['--appendfsync', 'always'] })
  const sandbox = await startSandbox({ port: 0 })
  const nats = await connect({ servers: natsServer.url })
  const keys = `test:${randomBytes(32).toString('base64')}`
  const nodes: TokenbusProcess[] = []
  const provider = createProvider({ allowPrivate: true })

  async function request(subject: string, payload?: object): Promise<Reply> {
    const reply = await nats.request(subject, payload && JSON.stringify(payload), { timeout: 10_000 })
    return reply.json()
  }

  return {
    natsServer,
    redisServer,
    sandbox,
    nats,
    dataDir,
    request,
    async startNode(env = {}) {
      const node = startTokenbus(['serve'], {
        TOKENBUS_NATS_URL: natsServer.url,
        TOKENBUS_REDIS_URL: redisServer.url,
        TOKENBUS_KEYS: keys,
        TOKENBUS_HTTP_PORT: '0',
        TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
        TOKENBUS_DATA_DIR: join(dataDir, `node-${nodes.length}`),
        TOKENBUS_LOG_LEVEL: 'trace',
        ...env,
      })
      nodes.push(node)
      await node.says('tokenbus ready')
      return node
    },
    async connectAccount(account, { fresh = true, policy } = {}) {
      const { id: clientId, secret } = sandbox.client
      await request('app.put.sandbox', {
        provider: 'oidc',
        issuer: sandbox.url,
        clientId,
        clientSecret: secret.reveal(),
        scopes: ['openid', 'email', 'offline_access'],
      })
      const { accessToken, refreshToken, expires, ...put } = await connectUser({
        sandbox,
        provider,
        user: account,
      })
      return request(`account.put.${account}`, {
        ...put,
        refreshToken: refreshToken?.reveal(),
        ...(fresh && { accessToken: accessToken?.reveal(), expires }),
        ...(policy && { policy }),
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.stop()))
      await nats.close()
      await provider.close()
      await sandbox.close()
      await redisServer.stop()
      await natsServer.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
