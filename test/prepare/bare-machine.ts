import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * A project of one file and a machine with the programs that are given to it, none of which do anything but write
 * down how they were called. Not root, and without a terminal.
 */
export function bareMachine() {
  const home = mkdtempSync(join(tmpdir(), 'tokenbus-prepare-'))
  const project = join(home, 'project')
  const bin = join(home, 'sbin')
  const calls = join(home, 'calls')

  function write(path: string, text: string): void {
    const file = join(project, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Its body is shell; `record` in it writes the call down. */
  function program(name: string, body = 'record'): void {
    const path = join(bin, name)
    mkdirSync(bin, { recursive: true })
    writeFileSync(path, `#!/bin/sh\ncall="${name} $*"\nrecord() { echo "$call" >>'${calls}'; }\n${body}\n`)
    chmodSync(path, 0o755)
  }

  function prepare(env: Record<string, string> = {}, purpose = 'dev') {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'prepare.mjs'), purpose], {
      encoding: 'utf8',
      ...asNobody(env),
    })
    return { status, stdout, said: stderr.split('\n').slice(0, -1) }
  }

  function asNobody(env: Record<string, string> = {}) {
    spawnSync('chmod', ['-R', 'a+rwX', home])
    return {
      env: { PATH: bin, BIN: bin, ...env },
      ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
    }
  }

  /** As `npm start` runs it, below a shell, in a process group as a terminal's is. */
  function startPreparing() {
    const line = `'${process.execPath}' '${join(project, 'prepare.mjs')}' dev; exit $?`
    const shell = spawn('/bin/sh', ['-c', line], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...asNobody({ npm_lifecycle_event: 'start' }),
    })
    let said = ''
    shell.stderr.on('data', (text) => {
      said += text
    })
    return {
      said: () => said,
      interrupt: () => process.kill(-(shell.pid as number), 'SIGINT'),
      endShell: () => shell.kill('SIGTERM'),
      /** Once everything that could still write to its output has ended. */
      ended: once(shell, 'close'),
    }
  }

  const peek = () => (existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').slice(0, -1) : [])

  mkdirSync(project)
  for (const name of ['prepare.mjs', 'prepare'])
    cpSync(join(root, name), join(project, name), { recursive: true })
  write('package-lock.json', '{}')
  write('tsconfig.json', '{}')
  write('tsconfig.build.json', '{ "include": ["src"] }')
  write('src/main.ts', '')
  return {
    program,
    write,
    prepare,
    startPreparing,
    exists: (path: string) => existsSync(join(project, path)),
    /** As if it had been saved a minute ago, or in a minute. */
    touch(path: string, seconds: number) {
      const at = new Date(Date.now() + seconds * 1_000)
      utimesSync(join(project, path), at, at)
    },
    /** The calls of its programs since the last read. */
    calls(): string[] {
      const lines = peek()
      rmSync(calls, { force: true })
      return lines
    },
    /** The same, without forgetting them. */
    peek,
    withServers() {
      for (const name of ['nats-server', 'redis-server']) program(name, 'exit 0')
    },
    /** The npm packages are there. */
    withPackages() {
      write('node_modules/.tokenbus-lock', '{}')
      write(
        'node_modules/typescript/bin/tsc',
        `require('node:fs').mkdirSync('dist/src', { recursive: true })
         require('node:fs').writeFileSync('dist/src/bin.js', '')
         require('node:fs').appendFileSync('${calls}', 'tsc\\n')`,
      )
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}
