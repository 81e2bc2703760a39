import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { readOrCreate } from './dev-files.ts'
import { portNear } from './free-port.ts'
import { type GuardedChild, startGuardedChild } from './guarded-child.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
  /** The port people expect by default; a free one when it is taken. */
  readonly port?: number
  /** It ended by itself; the sentence says which, and where its log is. */
  onExit(sentence: string): void
}

export interface EmbeddedNats extends GuardedChild {
  /** With the credentials of a user who may do anything. */
  readonly url: string
  /** With those of the role `service`. */
  readonly serviceUrl: string
}

const roles = ['service', 'consumer', 'operator', 'dev'] as const
const natsConf = new URL(
  import.meta.url.endsWith('.ts') ? '../../nats.conf' : '../../../nats.conf',
  import.meta.url,
)

/** The shipped `nats.conf`, with passwords of its own and one more user, `dev`, who is not limited. */
function devConf(conf: string, passwords: Record<string, string>): string {
  const variables = roles.map((role) => `NATS_${role.toUpperCase()}_PASSWORD: "${passwords[role]}"`)
  const users = '  users: ['
  if (!conf.includes(users)) throw new Error(`nats.conf has no line "${users}" to add the user dev to`)
  return [
    ...variables,
    conf.replace(users, `${users}\n    { user: "dev", password: $NATS_DEV_PASSWORD }`),
  ].join('\n')
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
  await writeFile(conf, devConf(await readFile(natsConf, 'utf8'), passwords), { mode: 0o600 })
  const port = await portNear(options.port ?? 4222)
  const child = await startGuardedChild({
    name: 'nats-server',
    variable: 'NATS_SERVER',
    programs: ['nats-server'],
    args: ['-c', conf, '-a', '127.0.0.1', '-p', String(port), '-sd', directory],
    place: directory,
    isReady: () => letsIn({ port, user: 'dev', pass: passwords.dev }),
    onExit,
  })
  const urlOf = (role: (typeof roles)[number]) => `nats://${role}:${passwords[role]}@127.0.0.1:${port}`
  return { ...child, url: urlOf('dev'), serviceUrl: urlOf('service') }
}

/** Asks as its own user: the one who answers may be another NATS that took the port a moment before. */
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
