import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import type { Terminal } from './terminal.ts'

/** Reads a secret from `-` (standard input), `env:NAME` or `file:path`; never from the command line, which stays in the shell's history. */
export async function readSecret(source: string, terminal: Pick<Terminal, 'stdin' | 'env'>): Promise<string> {
  if (source === '-') return (await terminal.stdin()).trim()
  if (source.startsWith('file:')) return (await readFile(source.slice(5), 'utf8')).trim()
  const named = source.startsWith('env:') ? terminal.env[source.slice(4)] : undefined
  if (named !== undefined) return named
  throw new InvalidArgumentError('give a secret as - (standard input), file:<path> or env:<name>')
}

/** Reads a JSON payload given as text, `file:<path>` or `-`. */
export async function readPayload(
  source: string,
  terminal: Pick<Terminal, 'stdin'>,
): Promise<Record<string, unknown>> {
  const text =
    source === '-'
      ? await terminal.stdin()
      : source.startsWith('file:')
        ? await readFile(source.slice(5), 'utf8')
        : source
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    throw new InvalidArgumentError('must be a JSON object')
  }
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `500ms`, `30s`, `2m`, `1h` as milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('must be a duration such as 500ms, 30s or 2m')
  return Math.round(Number(amount) * units[unit as keyof typeof units])
}

export function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}
