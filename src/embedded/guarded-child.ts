import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '../start-error.ts'

export interface GuardedChild {
  /** Ends it in good order, and resolves once it is gone. */
  stop(): Promise<void>
}

export interface GuardedChildOptions {
  /** What people call it. */
  readonly name: string
  /** Names to look for, the first found runs; the shell fills in variables: `$NATS_SERVER nats-server`. */
  readonly commands: string
  readonly args: readonly string[]
  readonly logFile: string
  /** Resolves true once the child serves; asked again until it does, or the child is gone. */
  isReady(): Promise<boolean>
  /** It ended although nobody stopped it. */
  onExit(sentence: string): void
}

// A Ctrl-C reaches the whole process group, and the service still needs its servers to drain: `detached` keeps them
// out of it. Should we die without stopping them (kill -9), the shell's input ends and it takes the server along.
// Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
const guard = `exec 3<&0
PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
eval "names=\\"$1\\""; shift
for name in $names; do program=$(command -v "$name") && break; done
[ -n "$program" ] || exit 127
"$program" "$@" </dev/null 3<&- & server=$!
trap 'kill -TERM $server' TERM
{ cat <&3 >/dev/null; kill -TERM $server; } 2>/dev/null & guard=$!
wait $server; code=$?
[ $code -gt 128 ] && wait $server 2>/dev/null
kill $guard 2>/dev/null
exit $code`

const startWithin = 10_000

/** Rejects with `StartError` when the command is missing, broken, or does not get ready. */
export async function startGuardedChild(options: GuardedChildOptions): Promise<GuardedChild> {
  const { name, commands, args, logFile, isReady, onExit } = options
  const log = openSync(logFile, 'a', 0o600)
  const shell = spawn('sh', ['-c', guard, 'sh', commands, ...args], {
    detached: true,
    stdio: ['pipe', log, log],
  })
  shell.stdin?.on('error', () => undefined)
  let stopping = false
  let ended: number | null | undefined
  const gone = once(shell, 'exit').then(([code]) => {
    ended = code as number | null
    if (!stopping) onExit(`${name} ended by itself (code ${ended}); ${logFile} says why.`)
  })
  const stop = async () => {
    stopping = true
    shell.stdin?.end()
    await gone
  }
  for (const deadline = performance.now() + startWithin; ; ) {
    if (await isReady()) return { stop }
    if (ended === 127 || ended === 126)
      throw new StartError(`${name} cannot be run; install it, or put it on the PATH.`)
    if (ended !== undefined)
      throw new StartError(`${name} does not start (code ${ended}); ${logFile} says why.`)
    if (performance.now() > deadline) {
      await stop()
      throw new StartError(`${name} is not ready after ${startWithin / 1_000} s; ${logFile} says why.`)
    }
    await delay(25)
  }
}
