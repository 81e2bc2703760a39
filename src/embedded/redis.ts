import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startNear } from '../common/free-port.ts'
import { readOrCreate } from './dev-files.ts'
import { type GuardedChild, startGuardedChild } from './guarded-child.ts'
import type { EmbeddedOptions } from './nats.ts'

export interface EmbeddedRedis extends GuardedChild {
  /** With the password. */
  readonly url: string
}

/** Append-only, with every write synced to disk before its reply. Rejects with `StartError`. */
export async function startEmbeddedRedis(options: EmbeddedOptions): Promise<EmbeddedRedis> {
  const { dataDir, onExit } = options
  const directory = join(dataDir, 'redis')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const password = await readOrCreate(join(directory, 'password'), () =>
    randomBytes(18).toString('base64url'),
  )
  return startNear(options.port ?? 6379, (port) => startOn(port, { directory, password, onExit }))
}

async function startOn(
  port: number,
  {
    directory,
    password,
    onExit,
  }: Pick<EmbeddedOptions, 'onExit'> & { readonly directory: string; readonly password: string },
): Promise<EmbeddedRedis> {
  const conf = join(directory, 'redis.conf')
  const settings = [
    `bind 127.0.0.1`,
    `port ${port}`,
    `requirepass ${password}`,
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
  ]
  await writeFile(conf, `${settings.join('\n')}\n`, { mode: 0o600 })
  const url = `redis://:${password}@127.0.0.1:${port}`
  const child = await startGuardedChild({
    name: 'redis-server',
    variable: 'REDIS_SERVER',
    programs: ['redis-server', 'valkey-server'],
    args: [conf, '--dir', directory],
    place: directory,
    isReady: () => answersPing(url),
    onExit,
  })
  return { ...child, url }
}

async function answersPing(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}
