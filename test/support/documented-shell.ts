import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFile } from './documents.ts'

const tokenbus = `exec "${process.execPath}" "${rootFile('dist/src/main.js')}"`
/** The commands that documented lines use, as they are on a user's machine. */
const commands = {
  tokenbus: `${tokenbus} "$@"`,
  npm: `[ "$1 $2 $3" = "run tokenbus --" ] || { echo "npm $* is not run here" >&2; exit 64; }; shift 3; ${tokenbus} "$@"`,
  nats: `exec "${process.execPath}" "${rootFile('test/support/nats-command.mjs')}" "$@"`,
  curl: `for real in /usr/bin/curl /bin/curl /opt/homebrew/bin/curl; do [ -x "$real" ] && exec "$real" -sS --fail-with-body "$@"; done; exit 127`,
}

export interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs documented lines in `directory` with these commands before all others on the PATH; the first failure ends them. */
export function documentedShell(directory: string) {
  const bin = join(directory, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return async (script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> => {
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: directory,
      env: { HOME: process.env.HOME, ...env, PATH: `${bin}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
    const [code] = await once(child, 'close')
    return { code, output }
  }
}
