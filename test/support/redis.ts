import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type GuardedServer, startGuarded } from './guarded-server.ts'

export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
  kill(): Promise<void>
  pause(): Promise<void>
  resume(): void
}

export interface StartRedisOptions {
  /** Instead of redis-server, or what stands in for it. */
  readonly program?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** To restart on the same port; by default any free port. */
  readonly port?: number
  /** To keep the data of another one; else a temporary directory. */
  readonly dir?: string
}

/** A real redis-server on loopback, which does not outlive the test process. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'tokenbus-redis-')))
  const port = options.port ?? (await freePort())
  const flags = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--save',
    '',
  ]
  const server = await startGuarded(options.program ?? '$REDIS_SERVER redis-server valkey-server', {
    args: [...flags, ...(options.args ?? [])],
    ...(options.env && { env: options.env }),
  })
  await ready(server)

  async function end(signal: NodeJS.Signals): Promise<void> {
    await server.end(signal)
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  }

  const stop = () => end('SIGTERM')
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    kill: () => end('SIGKILL'),
    pause: server.pause,
    resume: server.resume,
    [Symbol.asyncDispose]: stop,
  }
}

async function ready({ shell }: GuardedServer): Promise<void> {
  let said = ''
  for await (const line of createInterface(shell.stdout)) {
    said += `${line}\n`
    if (!line.includes('Ready to accept connections')) continue
    shell.stdout.resume()
    shell.stderr.resume()
    return
  }
  throw new Error(`redis-server did not start:\n${said}`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
