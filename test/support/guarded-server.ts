import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { eventually } from './eventually.ts'

// Whoever dies, however: when we do, the shell's input ends, and it takes the server along.
// Debian installs servers in /usr/sbin, which is often not on the PATH.
const guard = `exec 4<&0
PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
eval "names=\\"$1\\""; shift
for name in $names; do program=$(command -v "$name") && break; done
"$program" "$@" </dev/null 3>&- 4<&- & server=$!
echo $server >&3
exec 3>&-
{ cat <&4 >/dev/null; kill -9 $server; } 2>/dev/null & guard=$!
wait $server
kill $guard`

export interface GuardedServer {
  /** What it writes to stdout and stderr. */
  readonly shell: ChildProcessByStdio<Writable, Readable, Readable>
  signal(name: NodeJS.Signals): void
  /** Resolves once it stands still: on another core it may run on for a moment after the signal. */
  pause(): Promise<void>
  resume(): void
  /** Ends it, also while it is paused, and resolves once it has exited. */
  end(name: NodeJS.Signals): Promise<void>
}

/** `names`: candidate programs, of which the first installed one runs; the shell expands variables. */
export async function startGuarded(
  names: string,
  { args, env = {} }: { args: readonly string[]; env?: Readonly<Record<string, string>> },
): Promise<GuardedServer> {
  const shell = spawn('sh', ['-c', guard, 'sh', names, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  }) as GuardedServer['shell']
  const exited = once(shell, 'exit')
  // On a separate pipe, because reading it from stdout could consume output of the server.
  const [said] = (await once(shell.stdio[3] as Readable, 'data')) as [Buffer]
  const pid = Number(said.toString())
  const signal = (name: NodeJS.Signals) => process.kill(pid, name)
  return {
    shell,
    signal,
    async pause() {
      signal('SIGSTOP')
      await eventually(async () => {
        // Where there is no /proc, the signal has to do.
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') T')
        if (!stat.includes(') T')) throw new Error('still running')
      })
    },
    resume: () => signal('SIGCONT'),
    async end(name) {
      if (shell.exitCode !== null) return
      signal('SIGCONT')
      signal(name)
      await exited
    },
  }
}
