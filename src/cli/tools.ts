import type { Config } from '../node/config.ts'
import type { Bus } from './bus.ts'
import type { Colours, Terminal } from './terminal.ts'

/** 0 success, 1 failure, 2 wrong usage, 3 tokenbus or NATS cannot be reached. */
export type ExitCode = 0 | 1 | 2 | 3

export interface Tools {
  readonly bus: Bus
  readonly config: Config
  readonly terminal: Terminal
  readonly colours: Colours
  readonly json: boolean
  /** Prints the value as JSON with `--json`, else the lines. */
  print(value: unknown, lines: () => readonly string[]): void
}

// biome-ignore lint/suspicious/noExplicitAny: commander passes the arguments that the command declares.
type Args = any[]
/** Resolves with the exit code if it is not 0. */
type Action = (tools: Tools, ...args: Args) => Promise<unknown>
/** Wraps an action: connects to NATS before, prints failures, and disconnects after. */
export type Run = (action: Action) => (...args: Args) => Promise<void>
/** The same for a command that needs no connection. */
export type RunAlone = (
  action: (tools: Omit<Tools, 'bus'>, ...args: Args) => Promise<unknown>,
) => (...args: Args) => Promise<void>
