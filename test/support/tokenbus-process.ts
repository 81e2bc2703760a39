import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'

const built = import.meta.url.endsWith('.ts') ? '../../dist/src/main.js' : '../../src/main.js'
const main = fileURLToPath(new URL(built, import.meta.url))

export interface TokenbusProcess extends AsyncDisposable {
  readonly pid: number
  /** The URL that `tokenbus serve` reports once it listens. */
  httpUrl(): string
  /** All it wrote, to stdout and stderr. */
  output(): string
  /** Waits until it has written this. */
  says(text: string | RegExp): Promise<void>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>
  ended: Promise<number | null>
}

/**
 * The built command line, here or where it was installed, as a user runs it, except that its replies are checked against
 * their schemas; it does not outlive the test.
 */
export function startTokenbus(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = main,
): TokenbusProcess {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TOKENBUS_CHECK_REPLIES: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  void ended.then(() => process.removeListener('exit', kill))
  const stop = async () => {
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    return ended
  }
  return {
    pid: child.pid as number,
    httpUrl: () => /"http":"([^"]+)"/.exec(output)?.[1] as string,
    output: () => output,
    says: (text) =>
      eventually(() => {
        const said = typeof text === 'string' ? output.includes(text) : text.test(output)
        if (!said) throw new Error(`it did not say ${text}; it said:\n${output}`)
      }),
    signal: (name) => child.kill(name),
    stop,
    ended,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

/** Runs one command to its end. */
export async function runTokenbus(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = startTokenbus(args, env)
  const code = await running.ended
  return { code, output: running.output() }
}

export async function readDevFile(
  dataDir: string,
): Promise<Record<'nats' | 'redis' | 'http' | 'sandbox' | 'adminToken', string>> {
  return JSON.parse(await readFile(join(dataDir, 'dev.json'), 'utf8'))
}
