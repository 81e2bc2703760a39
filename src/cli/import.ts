import { type Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { ok } from '../failures.ts'
import { openEmailEngine } from '../import/emailengine.ts'
import { importRows, type Outcome } from '../import/import-rows.ts'
import { type Source, UnreadableSource } from '../import/rows.ts'
import { openRowsFile } from '../import/rows-file.ts'
import { connectRedis } from '../redis/connect.ts'
import { Secret } from '../secret.ts'
import { Refused } from './bus.ts'
import type { ExitCode, Run, Tools } from './program.ts'
import { readSecret } from './read-secret.ts'
import { type Colours, jsonLine, shown } from './terminal.ts'

export function importCommands(program: Command, run: Run): void {
  const importing = program
    .command('import')
    .description(
      'bring accounts from elsewhere, with their grants; says what it would do unless told to --apply',
    )
  withModes(
    importing
      .command('emailengine')
      .description('the OAuth2 apps and accounts of an EmailEngine database, which is only read')
      .requiredOption('--redis <url>', "EmailEngine's Redis, with the number of its database")
      .option('--prefix <prefix>', 'its EENGINE_REDIS_PREFIX', '')
      .option('--secret <source>', 'its EENGINE_SECRET: - | file:<path> | env:<name>'),
  ).action(
    run(async (tools, { redis: url, prefix, secret, ...mode }) => {
      const given = secret === undefined ? undefined : new Secret(await readSecret(secret, tools.terminal))
      const redis = await connectRedis({ url, named: '--redis', logger: pino({ level: 'silent' }) })
      try {
        return await runImport(tools, {
          open: () => openEmailEngine({ redis, prefix, secret: given }),
          ...mode,
        })
      } finally {
        redis.disconnect()
      }
    }),
  )
  for (const format of ['csv', 'jsonl'] as const) {
    const what = format === 'csv' ? 'with a first line of names' : 'an object a line'
    withModes(
      importing
        .command(`${format} <file>`)
        .description(`accounts from a file, ${what}: account, app, user, refreshToken …`),
    ).action(
      run((tools, path: string, mode) =>
        runImport(tools, { open: () => openRowsFile({ path, format }), ...mode }),
      ),
    )
  }
}

function withModes(command: Command): Command {
  return command
    .addOption(new Option('--apply', 'do it').conflicts('dryRun'))
    .option('--dry-run', 'only say what would be done (the default)')
}

type Counts = Record<Outcome['kind'], Partial<Record<Outcome['outcome'], number>>>

async function runImport(
  { bus, terminal, json, colours }: Tools,
  { open, apply = false }: { open: () => Promise<Source>; apply?: boolean },
): Promise<ExitCode> {
  const source = await open().catch((error) => {
    throw error instanceof UnreadableSource ? new InvalidArgumentError(error.message) : error
  })
  const counts: Counts = { app: {}, account: {} }
  await importRows({
    source,
    apply,
    async ask(subject, payload) {
      try {
        return ok(await bus.request(subject, payload))
      } catch (error) {
        if (error instanceof Refused) return { ok: false, failure: error.failure }
        throw error
      }
    },
    tell(row) {
      const count = counts[row.kind]
      count[row.outcome] = (count[row.outcome] ?? 0) + 1
      terminal.out(json ? jsonLine(row) : outcomeLine(shown(row), colours))
    },
  })
  if (json)
    terminal.out(JSON.stringify({ summary: { applied: apply, apps: counts.app, accounts: counts.account } }))
  else for (const each of summary(counts, apply)) terminal.out(each)
  return Object.values(counts).some(({ failed = 0 }) => failed > 0) ? 1 : 0
}

const outcomeColours = {
  imported: 'green',
  new: 'green',
  unchanged: 'dim',
  known: 'dim',
  skipped: 'yellow',
  failed: 'red',
} as const

function outcomeLine({ kind, id, outcome, reason = '' }: Outcome, colours: Colours): string {
  const cells = [colours[outcomeColours[outcome]](outcome.padEnd(9)), kind.padEnd(7), id, colours.dim(reason)]
  return cells.join('  ').trimEnd()
}

function summary({ app, account }: Counts, applied: boolean): string[] {
  const counted = (each: Counts['app']) => {
    const parts = Object.entries(each).map(([outcome, count]) => `${count} ${outcome}`)
    return parts.length > 0 ? parts.join(', ') : 'none'
  }
  return [
    `apps: ${counted(app)}; accounts: ${counted(account)}`,
    ...(applied ? [] : ['This was a dry run: nothing was written. Add --apply to import.']),
  ]
}
