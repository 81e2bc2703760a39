import { Command, CommanderError } from 'commander'
import { StartError } from '../common/start-error.ts'
import { version } from '../common/version.ts'
import { readConfig } from '../node/config.ts'
import { accountCommands } from './accounts.ts'
import { apiTokenCommands } from './api-tokens.ts'
import { appCommands } from './apps.ts'
import { type Bus, openBus, Refused, Unreachable } from './bus.ts'
import { consumerCommands } from './consumers.ts'
import { eventCommands } from './events.ts'
import { explainCommand } from './explain.ts'
import { exportCommand } from './export.ts'
import { importCommands } from './import.ts'
import { keyCommands } from './keys.ts'
import { providerCommands } from './providers.ts'
import { sandboxCommands } from './sandbox.ts'
import { type Colours, coloursOf, facts, jsonLine, shown, type Terminal } from './terminal.ts'
import { tokenCommands } from './tokens.ts'
import type { ExitCode, Run, RunAlone, Tools } from './tools.ts'
import { upgradeCommands } from './upgrade.ts'
import { watchCommand } from './watch.ts'

const exits = `
Exit codes: 0 success, 1 failure, 2 wrong usage, 3 tokenbus or NATS cannot be reached.`

/** Runs one command. \`dev\` and \`serve\` are left to \`live\`. */
export async function runCommand(
  argv: readonly string[],
  { terminal, live }: { terminal: Terminal; live: (mode: 'dev' | 'serve') => Promise<ExitCode> },
): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Command('tokenbus')
    .description('OAuth2 access tokens over NATS, always valid')
    .version(version)
    .option('--json', 'print JSON')
    .addHelpText('after', exits)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  const runAlone: RunAlone =
    (action) =>
    async (...args) => {
      const json = program.opts().json === true
      const colours = coloursOf(terminal.colour)
      try {
        const config = readConfig(terminal.env, 'cli')
        const print: Tools['print'] = (value, lines) => {
          for (const line of json ? [jsonLine(value)] : lines()) terminal.out(line)
        }
        const answered = await action({ config, terminal, colours, json, print }, ...args)
        code = answered === 1 ? 1 : 0
      } catch (error) {
        code = complain(error, { terminal, json, colours })
      }
    }
  const run: Run = (action) =>
    runAlone(async (tools, ...args) => {
      await using wire = await openBus(tools.config)
      return await action({ ...tools, bus: tools.json ? wire : showing(wire) }, ...args)
    })
  for (const mode of ['dev', 'serve'] as const) {
    const what =
      mode === 'dev'
        ? 'run everything on this machine, with a sandbox OAuth server'
        : 'run one node in production'
    program
      .command(mode)
      .description(what)
      .action(async () => {
        code = await live(mode)
      })
  }
  tokenCommands(program, run)
  watchCommand(program, run)
  accountCommands(program, run)
  appCommands(program, run)
  providerCommands(program, runAlone)
  explainCommand(program, runAlone)
  apiTokenCommands(program, run)
  consumerCommands(program, run)
  eventCommands(program, run)
  importCommands(program, run)
  exportCommand(program, runAlone)
  keyCommands(program, run)
  upgradeCommands(program, run)
  sandboxCommands(program, run)
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
  return code
}

/** Escapes control characters in replies before they are printed. */
function showing(bus: Bus): Bus {
  return { ...bus, request: async (subject, payload) => shown(await bus.request(subject, payload)) }
}

function complain(
  error: unknown,
  { terminal, json, colours }: { terminal: Terminal; json: boolean; colours: Colours },
): ExitCode {
  if (error instanceof Refused) {
    if (json) terminal.err(jsonLine(error.failure))
    else {
      const { error: word, message, ...details } = shown(error.failure)
      terminal.err(`${colours.red(word)}: ${message}`)
      const more = `tokenbus explain ${error.failure.reason ?? word}`
      for (const line of facts({ ...details, more }, colours)) terminal.err(`  ${line}`)
    }
    return 1
  }
  if (error instanceof Unreachable || error instanceof StartError) {
    terminal.err(shown(error.message))
    return 3
  }
  if (error instanceof CommanderError) {
    terminal.err(error.message)
    return 2
  }
  throw error
}
