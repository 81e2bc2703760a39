import { spawn } from 'node:child_process'

/** Prints one sentence that says what to do, and ends. */
export function giveUp(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

export const say = (line) => process.stderr.write(`${line}\n`)

/** The command that runs now, and the exit code that we wait for it to end with. */
let running
let leaving

/**
 * Runs quietly; its output is shown only when it fails. What `endsWithUs` has a process group of its own, which is
 * killed when we are interrupted: `npm ci` survives a Ctrl-C for seconds, and would write into the next start.
 */
export function run(command, args, { endsWithUs = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: endsWithUs })
    running = { child, endsWithUs }
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    child.on('error', (error) => {
      output += error.message
    })
    child.on('close', (code) => {
      running = undefined
      if (leaving !== undefined) process.exit(leaving)
      resolve({ ok: code === 0, output })
    })
  })
}

function leave(code) {
  if (running === undefined || leaving !== undefined) process.exit(code)
  leaving = code
  if (running.endsWithUs) process.kill(-running.child.pid, 'SIGKILL')
  else say('Waiting for the package manager to end: stopped half-way, it would leave half a package …')
}

export function leaveWhenInterrupted() {
  process.on('SIGINT', () => leave(130))
  process.on('SIGTERM', () => leave(143))
  if (!process.env.npm_lifecycle_event) return
  // Between npm and us there is a shell, which a signal for npm alone ends without a word to us. It also knows whether
  // a hang-up counts (after nohup it does not).
  const shell = process.ppid
  process.on('SIGHUP', () => undefined)
  const watch = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(watch)
    leave(143)
  }, 200).unref()
}
