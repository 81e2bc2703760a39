import { Cluster, Redis } from 'ioredis'
import type { Logger } from 'pino'
import { hostPort } from '../common/host-port.ts'
import { StartError } from '../common/start-error.ts'
import { untrusted } from '../common/tls-error.ts'
import { withTimeout } from '../common/with-timeout.ts'
import { batchCommands } from './batch-commands.ts'
import type { RedisClient } from './scripts.ts'

export interface ConnectRedisOptions {
  /** `redis://`, `rediss://`, `redis+cluster://host:port,host:port`, `redis+sentinel://host:port,host:port/<master>` */
  readonly url: string
  readonly logger: Logger
  /** The variable or option with the URL, for error messages. */
  readonly named?: string
}

const connectTimeout = 2_000
const startWithin = 5_000
const tooLate = (): never => {
  throw new Error('no connection in time')
}

/**
 * The client neither queues nor resends commands by itself: a command with unknown outcome must reject soon.
 * Rejects with `StartError`.
 */
const common = {
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  commandTimeout: 2_000,
  connectTimeout,
  maxRetriesPerRequest: 0,
  lazyConnect: true,
  retryStrategy: (times: number) => Math.min(50 * times, 500),
}

const longestReconnectPause = 60_000

/**
 * Reconnects when a master has become a replica, to reach the new master; with exponential backoff while there is none.
 */
function reconnectOnReadOnly(elapsed = () => performance.now()): (error: Error) => boolean {
  let pause = 1_000
  let last = Number.NEGATIVE_INFINITY
  return ({ message }) => {
    const since = elapsed() - last
    if (!/(^|-)READONLY /.test(message) || since < pause) return false
    pause = since > 2 * longestReconnectPause ? 1_000 : Math.min(2 * pause, longestReconnectPause)
    last = elapsed()
    return true
  }
}

export async function connectRedis({
  url,
  logger,
  named = 'TOKENBUS_REDIS_URL',
}: ConnectRedisOptions): Promise<RedisClient> {
  const { kind, hosts, username, password, master, db, tls } = parseRedisUrl(url, named)
  const auth = { ...(username && { username }), ...(password && { password }), ...(tls && { tls: {} }) }
  const redis = connectAs()
  batchCommands(redis)
  let lastError: Error | undefined
  redis.on('error', (error: Error) => {
    lastError = error
    logger.debug({ code: (error as NodeJS.ErrnoException).code }, 'redis connection error')
  })
  const where = whereIs(hosts)
  try {
    await withTimeout({ work: redis.connect(), milliseconds: startWithin, onTimeout: tooLate })
    await redis.ping()
  } catch (cause) {
    redis.disconnect()
    throw new StartError(sentence({ where, named, error: lastError ?? (cause as Error) }), { cause })
  }
  logConnection(redis, logger)
  return redis

  function connectAs(): RedisClient {
    const single = { ...common, ...auth, reconnectOnError: reconnectOnReadOnly() }
    const [{ host, port }] = hosts as [Host]
    if (kind === 'cluster') {
      return new Cluster(hosts, {
        redisOptions: { ...common, ...auth },
        enableOfflineQueue: false,
        lazyConnect: true,
        clusterRetryStrategy: (times) => Math.min(50 * times, 500),
      })
    }
    if (kind === 'sentinel') return new Redis({ ...single, sentinels: hosts, name: master, db })
    return new Redis({ ...single, host, port, db })
  }
}

/** The address without credentials. */
export function redisAddress(url: string, named = 'TOKENBUS_REDIS_URL'): string {
  return whereIs(parseRedisUrl(url, named).hosts)
}

const whereIs = (hosts: readonly Host[]) => hosts.map(({ host, port }) => hostPort(host, port)).join(', ')

/** Logs one line when the connection is lost and one when it is back, not one per attempt. */
function logConnection(redis: RedisClient, logger: Logger): void {
  let lostAt: number | null = null
  redis.on('reconnecting', () => {
    if (lostAt !== null) return
    lostAt = performance.now()
    logger.warn('redis disconnected')
  })
  redis.on('ready', () => {
    if (lostAt === null) return
    logger.info({ seconds: Math.round((performance.now() - lostAt) / 1_000) }, 'redis reconnected')
    lostAt = null
  })
}

interface Host {
  readonly host: string
  readonly port: number
}

function parseRedisUrl(text: string, named: string) {
  const match =
    /^(?<scheme>rediss?|rediss?\+cluster|rediss?\+sentinel):\/\/(?:(?<user>[^:@/]*)(?::(?<pass>[^@/]*))?@)?(?<hosts>[^/]+)(?:\/(?<path>.*))?$/.exec(
      text,
    )
  const groups = match?.groups
  if (groups === undefined) {
    throw new StartError(`${named} must be a redis://, rediss://, redis+cluster:// or redis+sentinel:// URL.`)
  }
  const { scheme = '', user, pass, hosts = '', path = '' } = groups
  const kind = scheme.endsWith('+cluster') ? 'cluster' : scheme.endsWith('+sentinel') ? 'sentinel' : 'single'
  return {
    kind,
    tls: scheme.startsWith('rediss'),
    username: user ? decodeURIComponent(user) : undefined,
    password: pass ? decodeURIComponent(pass) : undefined,
    hosts: hosts
      .split(',')
      .map((each) => hostOf(each, { named, defaultPort: kind === 'sentinel' ? 26379 : 6379 })),
    master: kind === 'sentinel' ? path.split('/')[0] || 'mymaster' : '',
    db: Number((kind === 'sentinel' ? path.split('/')[1] : path) || 0),
  } as const
}

function hostOf(text: string, { named, defaultPort }: { named: string; defaultPort: number }): Host {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text) ?? []
  if (host === '') throw new StartError(`${named} names a host that is not host or host:port.`)
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? defaultPort) }
}

function sentence({ where, named, error }: { where: string; named: string; error: Error }): string {
  if (/NOPERM/.test(error.message)) return lacking({ where, error })
  if (/WRONGPASS|NOAUTH/.test(error.message)) {
    return `Redis at ${where} refuses the credentials in ${named}.`
  }
  const code = (error as NodeJS.ErrnoException).code
  const unknown = untrusted(code)
  if (unknown) return `Redis at ${where} is not connected to: ${unknown}.`
  return `Redis at ${where} cannot be reached${code ? ` (${code})` : ''}; start it or correct ${named}.`
}

/** The command or key that the ACL denies, from Redis' message. */
export function lacking({ where, error }: { where: string; error: Error }): string {
  const said = error.message.replace(/^.*?(NOPERM|ERR) /, '').replace(/\.?( script: .*)?$/s, '')
  return `Redis at ${where} denies a permission: ${said}. The ACL that suffices is in docs/operations.md.`
}
