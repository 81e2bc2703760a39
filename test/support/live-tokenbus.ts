import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'nats'
import { pino } from 'pino'
import { createAudit } from '../../src/common/audit.ts'
import { readConfig } from '../../src/node/config.ts'
import { startService } from '../../src/node/service.ts'
import { eventually } from './eventually.ts'
import { type NatsServer, startNats } from './nats.ts'
import { testKeys } from './node.ts'
import type { Reply } from './nodes.ts'
import { passTime } from './pass-time.ts'
import { startRedis } from './redis.ts'
import { millisecondsIn, type Span } from './stand-ins/clock.ts'

/** A NATS server to use, instead of starting one without permissions. */
export interface LiveNats {
  readonly server: NatsServer
  /** With the credentials of the service. */
  readonly serviceUrl: string
  /** The URL of an unrestricted user in the service's NATS account. */
  readonly observer: ConnectionOptions
}

export interface LiveTokenbus extends AsyncDisposable {
  readonly httpUrl: string
  request(subject: string, payload?: object): Promise<Reply>
  /** Waits for the first event of this type about this account or app, not counting the first `after`. */
  heard(type: string, about: string, options?: { after?: number }): Promise<Reply>
  /** How many of them there were so far. */
  count(type: string, about: string): number
  /** For this account, or this app, so much time passes. */
  timePasses(ref: { account: string } | { app: string }, by: Span): Promise<void>
}

const partitions = 4

async function unlimitedNats(): Promise<LiveNats> {
  const server = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  return { server, serviceUrl: server.url, observer: { servers: server.url } }
}

/** A node as `tokenbus serve` starts it, in this process, with its own Redis and NATS. */
export async function startLiveTokenbus(
  given?: LiveNats,
  more: Record<string, string> = {},
): Promise<LiveTokenbus> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-live-'))
  const { server: natsServer, serviceUrl, observer } = given ?? (await unlimitedNats())
  const redisServer = await startRedis()
  const env = {
    TOKENBUS_NATS_URL: serviceUrl,
    TOKENBUS_REDIS_URL: redisServer.url,
    TOKENBUS_KEYS: testKeys,
    TOKENBUS_HTTP_PORT: '0',
    TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
    TOKENBUS_DATA_DIR: dataDir,
    TOKENBUS_PARTITIONS: String(partitions),
    ...more,
  }
  const nats = await connect(observer)
  const events: Reply[] = []
  for (const subject of ['token.refreshed.*', 'token.invalid.*', 'account.grant-expiring.*', 'app.*.*']) {
    nats.subscribe(subject, {
      callback: (_, message) => {
        if (message.headers?.has('ce-id')) events.push(message.json())
      },
    })
  }
  const service = await startService({
    config: readConfig(env, 'serve'),
    logger: pino({ level: 'silent' }),
    audit: createAudit({ write: () => true }),
  })
  const of = (type: string, about: string) =>
    events.filter((event) => event.type === type && (event.account ?? event.app) === about)

  return {
    httpUrl: service.httpUrl,
    async request(subject, payload) {
      const reply = await nats.request(subject, payload && JSON.stringify(payload), { timeout: 10_000 })
      return reply.json()
    },
    heard: (type, about, { after = 0 } = {}) =>
      eventually(() => {
        const event = of(type, about)[after]
        if (event === undefined) throw new Error(`${type} of ${about} was not heard`)
        return event
      }),
    count: (type, about) => of(type, about).length,
    timePasses: (ref, by) => passTime({ redisUrl: redisServer.url, partitions, ref, by: millisecondsIn(by) }),
    async [Symbol.asyncDispose]() {
      await service.stop()
      await nats.close()
      await redisServer.stop()
      await natsServer.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
