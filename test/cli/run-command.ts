import { runCommand } from '../../src/cli/program.ts'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command line in this process. */
export async function runTokenbus(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommand(args, {
    terminal: {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      colour: false,
      env,
      stdin: async () => stdin,
      interrupted: Promise.resolve(),
    },
    live: async () => 0,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
