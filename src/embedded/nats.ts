import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { startNear } from '../common/free-port.ts'
import { packageFile } from '../common/package-file.ts'
import { readOrCreate } from './dev-files.ts'
import { type GuardedChild, startGuardedChild } from './guarded-child.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
  /** By default the usual port; if it is taken, a free one. */
  readonly port?: number
  /** Called if the server exits unexpectedly, with a sentence that names it and its log. */
  onExit(sentence: string): void
}

export interface EmbeddedNats extends GuardedChild {
  /** With the credentials of an unrestricted user. */
  readonly url: string
  /** With the credentials of the role `service`. */
  readonly serviceUrl: string
}

const roles = ['service', 'consumer', 'operator', 'dev'] as const
const natsConf = packageFile('nats.conf')

/** The shipped `nats.conf` with generated passwords, plus an unrestricted user `dev` in the service's account. */
function devConf(
  conf: string,
  { passwords, storeDir }: { passwords: Record<string, string>; storeDir: string },
): string {
  const variables = roles.map((role) => `NATS_${role.toUpperCase()}_PASSWORD: "${passwords[role]}"`)
  const users = 'jetstream: enabled\n    users: ['
  if (!conf.includes(users)) throw new Error(`nats.conf has no lines "${users}" to add the user dev to`)
  return [
    `store_dir: ${JSON.stringify(storeDir)}`,
    ...variables,
    conf.replace(users, `${users}\n      { user: "dev", password: $NATS_DEV_PASSWORD }`),
  ].join('\n')
}

/** Older versions kept the streams in NATS's global account; moves them, so that the history is not lost. */
async function moveStreams(directory: string): Promise<void> {
  const [from, to] = ['$G', 'TOKENBUS'].map((account) => join(directory, 'jetstream', account)) as [
    string,
    string,
  ]
  if (existsSync(from) && !existsSync(to)) await rename(from, to)
}

/** Rejects with `StartError`. */
export async function startEmbeddedNats(options: EmbeddedOptions): Promise<EmbeddedNats> {
  const { dataDir, onExit } = options
  const directory = join(dataDir, 'nats')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const stored = await readOrCreate(join(directory, 'passwords.json'), () =>
    JSON.stringify(Object.fromEntries(roles.map((role) => [role, randomBytes(18).toString('base64url')]))),
  )
  const passwords = JSON.parse(stored) as Record<(typeof roles)[number], string>
  const conf = join(directory, 'dev.conf')
  await writeFile(
    conf,
    devConf(await readFile(natsConf, 'utf8'), { passwords, storeDir: await realpath(directory) }),
    { mode: 0o600 },
  )
  await moveStreams(directory)
  return startNear(options.port ?? 4222, async (port) => {
    const child = await startGuardedChild({
      name: 'nats-server',
      variable: 'NATS_SERVER',
      programs: ['nats-server'],
      args: ['-c', conf, '-a', '127.0.0.1', '-p', String(port)],
      place: directory,
      isReady: () => letsIn({ port, user: 'dev', pass: passwords.dev }),
      onExit,
    })
    const urlOf = (role: (typeof roles)[number]) => `nats://${role}:${passwords[role]}@127.0.0.1:${port}`
    return { ...child, url: urlOf('dev'), serviceUrl: urlOf('service') }
  })
}

/** Authenticates as our own user, because another NATS server may have taken the port meanwhile. */
function letsIn({ port, user, pass }: { port: number; user: string; pass: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ port, host: '127.0.0.1' })
    const done = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    let said = ''
    socket.on('data', (data) => {
      said += data
      if (/^(PONG|-ERR)/m.test(said)) done(!said.includes('-ERR'))
    })
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
    socket.setTimeout(500, () => done(false))
    socket.write(`CONNECT ${JSON.stringify({ user, pass, verbose: false })}\r\nPING\r\n`)
  })
}
