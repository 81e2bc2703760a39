import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type GuardedServer, startGuarded } from './guarded-server.ts'

export interface NatsServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Shuts down in good order; the store directory is removed unless it was given. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Has it read its configuration again, and resolves once that is in force. */
  reload(): Promise<void>
  pause(): Promise<void>
  resume(): void
}

export interface StartNatsOptions {
  /** Path of a configuration file. */
  readonly config?: string
  /** A configuration itself, instead of a file. */
  readonly configText?: string
  readonly jetstream?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** To restart on the same port; by default any free port. */
  readonly port?: number
  /** To keep the data of another one; else a temporary directory. */
  readonly storeDir?: string
}

/** A real nats-server on loopback, which does not outlive the test process. */
export async function startNats(options: StartNatsOptions = {}): Promise<NatsServer> {
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'tokenbus-nats-')))
  const config = await configFile(options, storeDir)
  const server = await startGuarded('$NATS_SERVER nats-server', {
    args: [...flags({ ...options, config }), ...(options.configText === undefined ? ['-sd', storeDir] : [])],
    ...(options.env && { env: options.env }),
  })
  const port = await ready(server)

  async function end(signal: NodeJS.Signals): Promise<void> {
    await server.end(signal)
    if (options.storeDir === undefined) await rm(storeDir, { recursive: true, force: true })
  }

  const stop = () => end('SIGTERM')
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    stop,
    kill: () => end('SIGKILL'),
    reload: () => reload(server),
    pause: server.pause,
    resume: server.resume,
    [Symbol.asyncDispose]: stop,
  }
}

async function configFile(
  { config, configText }: StartNatsOptions,
  storeDir: string,
): Promise<string | undefined> {
  if (configText === undefined) return config
  const path = join(storeDir, 'nats.conf')
  // In the file and not by -sd, with which a server does not reload.
  await writeFile(path, `store_dir: ${JSON.stringify(storeDir)}\n${configText}`)
  return path
}

function flags({
  config,
  jetstream,
  port,
}: {
  config: string | undefined
  jetstream?: boolean
  port?: number
}): string[] {
  return [
    ...(config === undefined ? [] : ['-c', config]),
    ...['-a', '127.0.0.1', '-p', String(port ?? -1)],
    ...(jetstream ? ['-js'] : []),
  ]
}

async function ready({ shell }: GuardedServer): Promise<number> {
  let said = ''
  let port = 0
  for await (const line of createInterface(shell.stderr)) {
    said += `${line}\n`
    port = Number(/Listening for client connections on .*:(\d+)$/.exec(line)?.[1] ?? port)
    if (!line.endsWith('Server is ready')) continue
    shell.stderr.resume()
    return port
  }
  throw new Error(`nats-server did not start:\n${said}`)
}

function reload({ shell, signal }: GuardedServer): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    shell.stderr.on('data', function listen(data) {
      said += data
      if (!/Reloaded server configuration|Failed to reload/.test(said)) return
      shell.stderr.off('data', listen)
      if (said.includes('Failed')) reject(new Error(said))
      else resolve()
    })
    signal('SIGHUP')
  })
}
