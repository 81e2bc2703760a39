import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { readOrCreate } from './dev-files.ts'
import { portNear } from './free-port.ts'
import { type GuardedChild, startGuardedChild } from './guarded-child.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
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
  const users = 'users: ['
  return [
    ...variables,
    conf.replace(users, `${users}\n    { user: "dev", password: $NATS_DEV_PASSWORD }`),
  ].join('\n')
}

/** Rejects with `StartError`. */
export async function startEmbeddedNats({ dataDir, onExit }: EmbeddedOptions): Promise<EmbeddedNats> {
  const directory = join(dataDir, 'nats')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const stored = await readOrCreate(join(directory, 'passwords.json'), () =>
    JSON.stringify(Object.fromEntries(roles.map((role) => [role, randomBytes(18).toString('base64url')]))),
  )
  const passwords = JSON.parse(stored) as Record<(typeof roles)[number], string>
  const conf = join(directory, 'dev.conf')
  await writeFile(conf, devConf(await readFile(natsConf, 'utf8'), passwords), { mode: 0o600 })
  const port = await portNear(4222)
  const child = await startGuardedChild({
    name: 'nats-server',
    commands: '$NATS_SERVER nats-server',
    args: ['-c', conf, '-a', '127.0.0.1', '-p', String(port), '-sd', directory],
    logFile: join(dataDir, 'nats.log'),
    isReady: () => greets(port),
    onExit,
  })
  const urlOf = (role: (typeof roles)[number]) => `nats://${role}:${passwords[role]}@127.0.0.1:${port}`
  return { ...child, url: urlOf('dev'), serviceUrl: urlOf('service') }
}

/** A NATS server speaks first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ port, host: '127.0.0.1' })
    const done = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.once('data', (data) => done(data.toString().startsWith('INFO')))
    socket.once('error', () => done(false))
    socket.setTimeout(500, () => done(false))
  })
}
