import type { Config } from '../node/config.ts'
import type { Bus } from './bus.ts'
import type { Colours, Terminal } from './terminal.ts'

/** 0 done, 1 answered by a failure, 2 wrong usage, 3 nobody answers. */
export type ExitCode = 0 | 1 | 2 | 3

export interface Tools {
  readonly bus: Bus
  readonly config: Config
  readonly terminal: Terminal
  readonly colours: Colours
  readonly json: boolean
  /** The value whole for machines, else lines for people. */
  print(value: unknown, lines: () => readonly string[]): void
}

// biome-ignore lint/suspicious/noExplicitAny: commander hands an action whatever its command declares.
type Args = any[]
/** Answers its exit code where that is not 0. */
type Action = (tools: Tools, ...args: Args) => Promise<unknown>
/** Wraps what a command does: connects first, prints what fails, disconnects after. */
export type Run = (action: Action) => (...args: Args) => Promise<void>
/** The same for a command that asks nobody. */
export type RunAlone = (
  action: (tools: Omit<Tools, 'bus'>, ...args: Args) => Promise<unknown>,
) => (...args: Args) => Promise<void>
