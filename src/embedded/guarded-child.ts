import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '../common/start-error.ts'
import { guardScript, takenStatus } from './guard-script.ts'

export interface GuardedChild {
  /** Shuts it down gracefully, and resolves once it has exited. */
  stop(): Promise<void>
}

export interface GuardedChildOptions {
  /** The name used in messages. */
  readonly name: string
  /** The environment variable that may name the program; else the first of `programs` that is installed. */
  readonly variable: string
  readonly programs: readonly string[]
  readonly args: readonly string[]
  /** Its directory. `<place>.log` is its log; `<place>.pid` records the running process, and prevents a second one. */
  readonly place: string
  /** Resolves true once the child serves; polled until then, or until the child exits. */
  isReady(): Promise<boolean>
  /** Called if it exits without being stopped. */
  onExit(sentence: string): void
}

const startWithin = 10_000
const stopWithin = 10_000

/** Rejects with `StartError` if the program is missing, broken, already running, or not ready in time. */
export async function startGuardedChild(options: GuardedChildOptions): Promise<GuardedChild> {
  const { name, variable, programs, args, isReady, onExit } = options
  const place = await realpath(options.place)
  const logFile = `${place}.log`
  const log = await open(logFile, 'a', 0o600)
  const shell = spawn('sh', ['-c', guardScript, 'sh', place, variable, programs.join(' '), ...args], {
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  })
  shell.stdin?.on('error', () => undefined)
  let phase: 'starting' | 'serving' | 'stopping' = 'starting'
  let ended: number | null | undefined
  // Subscribe before the first await: if the program is missing, the shell exits at once.
  const exited = once(shell, 'exit').then(([code]) => {
    ended = code as number | null
    if (phase === 'serving') onExit(`${name} exited unexpectedly (code ${ended}); see ${logFile}.`)
  })
  await log.close()
  const stop = async () => {
    phase = 'stopping'
    shell.stdin?.end()
    const kill = setTimeout(() => shell.kill('SIGUSR1'), stopWithin)
    await exited
    clearTimeout(kill)
  }
  for (const deadline = performance.now() + startWithin; ; ) {
    const ready = await isReady()
    if (ended === takenStatus)
      throw new StartError(
        `${name} already runs for ${place}; stop that one, or set TOKENBUS_DATA_DIR to another directory.`,
      )
    if (ended === 127 || ended === 126)
      throw new StartError(`${name} cannot be run; install it, or correct ${variable} if that is set.`)
    if (ended !== undefined) throw new StartError(`${name} does not start (code ${ended}); see ${logFile}.`)
    if (ready) break
    if (performance.now() > deadline) {
      await stop()
      throw new StartError(`${name} is not ready after ${startWithin / 1_000} s; see ${logFile}.`)
    }
    await delay(25)
  }
  phase = 'serving'
  return { stop }
}
