import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { isInstalled } from './installed.ts'
import { freePort } from './redis.ts'

export const hasTinyproxy = isInstalled('tinyproxy')

export interface Tinyproxy extends AsyncDisposable {
  /** With its credentials. */
  readonly url: string
  log(): Promise<string>
}

/** A forward proxy that permits tunnels to one port only, with a password. */
export async function startTinyproxy({ connectPort }: { connectPort: number }): Promise<Tinyproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenbus-tinyproxy-'))
  const port = await freePort()
  const [file, logFile] = [join(folder, 'tinyproxy.conf'), join(folder, 'log')]
  await writeFile(
    file,
    [
      `Port ${port}`,
      'Listen 127.0.0.1',
      'Allow 127.0.0.1',
      'BasicAuth me proxy-password',
      `ConnectPort ${connectPort}`,
      `LogFile "${logFile}"`,
      'LogLevel Connect',
    ].join('\n'),
  )
  const child = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await eventually(
    async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect').finally(() => socket.destroy())
    },
    { within: 30_000 },
  )
  return {
    url: `http://me:proxy-password@127.0.0.1:${port}`,
    log: () => readFile(logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
