import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url))

export interface Spawned {
  /** Resolves with the output once it matches. */
  said(pattern: RegExp): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

/** One command line, in a separate process. */
export function startTokenbus(args: readonly string[], env: Record<string, string>): Spawned {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code, out, err }))
  return {
    ended,
    async said(pattern) {
      while (!pattern.test(out)) {
        const more = await Promise.race([once(child.stdout, 'data'), ended])
        if ('code' in more) throw new Error(`it ended before it said ${pattern}: ${out}${err}`)
      }
      return out
    },
  }
}

export const spawnTokenbus = (args: readonly string[], env: Record<string, string>) =>
  startTokenbus(args, env).ended
