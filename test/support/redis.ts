import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

// Whoever dies, however: when we do, the shell's input ends, and it takes the server along.
const guarded = `exec 3<&0
PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
\${REDIS_SERVER:-$(command -v redis-server || command -v valkey-server)} "$@" </dev/null 3<&- & server=$!
echo $server
{ cat <&3 >/dev/null; kill -9 $server; } 2>/dev/null & guard=$!
wait $server
kill $guard`

export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
}

export interface StartRedisOptions {
  readonly args?: readonly string[]
  /** To come back where another one was; else any free port. */
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
  const shell = spawn('sh', ['-c', guarded, 'redis-server', ...flags, ...(options.args ?? [])], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const exited = once(shell, 'exit')
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]()
  const pid = Number((await lines.next()).value)
  let said = ''
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error(`redis-server did not start:\n${said}`)
    said += `${value}\n`
    if (/Ready to accept connections/.test(value)) break
  }
  shell.stdout.resume()

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (shell.exitCode === null) {
      process.kill(pid, 'SIGCONT')
      process.kill(pid, signal)
      await exited
    }
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  }

  const stop = () => end('SIGTERM')
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    kill: () => end('SIGKILL'),
    pause: () => process.kill(pid, 'SIGSTOP'),
    resume: () => process.kill(pid, 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
