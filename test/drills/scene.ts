import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import { type NatsServer, startNats } from '../support/nats.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { startTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'
import { type Operator, watchAsOperator } from './operator.ts'

export interface Scene extends AsyncDisposable {
  readonly directory: string
  readonly node: TokenbusProcess
  readonly operator: Operator
  readonly nats: NatsServer
  readonly redis: RedisServer
  /** Stops the server, and replaces it by the result of `start`. */
  replaceNats(start: (port: number) => Promise<NatsServer>): Promise<void>
  replaceRedis(start: (port: number) => Promise<RedisServer>): Promise<void>
  /** One more event about an account. */
  leaveEvent(account?: string): Promise<void>
}

export interface SceneOptions {
  readonly say: (line: string) => void
  readonly natsConfig?: string
  /** Where NATS keeps its streams; by default in the scene's directory. */
  readonly natsStore?: string
  readonly redisArgs?: readonly string[]
}

export const usualNats = 'jetstream { max_file_store: 20GB }'

/** A node with an account `alice`, its own NATS and Redis, and an operator who watches them. */
export async function setScene({
  say,
  natsConfig = usualNats,
  natsStore,
  redisArgs = [],
}: SceneOptions): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'tokenbus-drill-'))
  const [storeDir, dir] = [natsStore ?? join(directory, 'nats'), join(directory, 'redis')]
  await Promise.all([storeDir, dir].map((each) => mkdir(each, { recursive: true })))
  let nats = await startNats({ configText: natsConfig, storeDir })
  let redis = await startRedis({ dir, args: redisArgs })
  const node = startTokenbus(['serve'], {
    TOKENBUS_NATS_URL: nats.url,
    TOKENBUS_REDIS_URL: redis.url,
    TOKENBUS_KEYS: `drill:${randomBytes(32).toString('base64')}`,
    TOKENBUS_HTTP_PORT: '0',
    TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
    TOKENBUS_DATA_DIR: join(directory, 'node'),
    TOKENBUS_LEAVE_AFTER: '0',
    TOKENBUS_CHECK_REPLIES: 'false',
  })
  await node.says('tokenbus ready')
  await ask('app.put.app', {
    provider: 'oidc',
    clientId: 'c',
    clientSecret: 's',
    tokenUrl: 'http://127.0.0.1:1/token',
  })
  await ask('account.put.alice', {
    app: 'app',
    user: 'alice',
    accessToken: 'a1',
    refreshToken: 'r1',
    expires: new Date(Date.now() + 24 * 3_600_000).toISOString(),
  })
  const operator = await watchAsOperator({ node, natsUrl: nats.url, account: 'alice', say })
  await operator.sees(/token\.get: served/)

  async function ask(subject: string, payload: object): Promise<void> {
    const connection = await connect({ servers: nats.url })
    const reply = await connection.request(subject, JSON.stringify(payload), { timeout: 10_000 })
    await connection.close()
    const { error, message } = reply.json<{ error?: string; message: string }>()
    if (error !== undefined) throw new Error(`${subject}: ${message}`)
  }

  return {
    directory,
    node,
    operator,
    get nats() {
      return nats
    },
    get redis() {
      return redis
    },
    async replaceNats(start) {
      await nats.kill()
      nats = await start(nats.port)
    },
    async replaceRedis(start) {
      await redis.kill()
      redis = await start(redis.port)
    },
    leaveEvent: (account = 'alice') =>
      ask(`account.put.${account}`, {
        app: 'app',
        user: account,
        metadata: { note: randomBytes(4).toString('hex') },
      }),
    async [Symbol.asyncDispose]() {
      await operator[Symbol.asyncDispose]()
      await node.stop()
      await nats.kill()
      await redis.kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
