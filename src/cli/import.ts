import { setTimeout as delay } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { readPrivateKey } from '../common/recipient-key.ts'
import { Secret } from '../common/secret.ts'
import { ok, type Result } from '../contract/failures.ts'
import { openEmailEngine } from '../import/emailengine.ts'
import { importRows } from '../import/import-rows.ts'
import { type Source, UnreadableSource } from '../import/rows.ts'
import { openRowsFile } from '../import/rows-file.ts'
import { openSealedExport } from '../import/sealed-export.ts'
import { connectRedis } from '../redis/connect.ts'
import { type Bus, Refused, Unreachable } from './bus.ts'
import { createImportReport } from './import-report.ts'
import { createProgress } from './progress.ts'
import { readKeyFile } from './read-key-file.ts'
import { readSecret } from './read-secret.ts'
import type { ExitCode, Run, Tools } from './tools.ts'

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
        .description(`accounts from a file, ${what}: account, app, user, refreshToken …`)
        .option('--last-wins', 'of rows with the same account the last one counts; otherwise none does'),
    ).action(
      run((tools, path: string, { lastWins = false, ...mode }) =>
        runImport(tools, { open: () => openRowsFile({ path, format, lastWins }), ...mode }),
      ),
    )
  }
  withModes(
    importing
      .command('tokenbus <file>')
      .description('the apps and accounts of another tokenbus, from a file of its export')
      .requiredOption(
        '--identity <file>',
        'the private key, as PEM or JWK, to whose public half it is sealed',
      ),
  ).action(
    run(async (tools, path: string, { identity: keyFile, ...mode }) => {
      const identity = await readKeyFile(keyFile, { named: '--identity', read: readPrivateKey })
      return runImport(tools, { open: () => openSealedExport({ path, identity }), ...mode })
    }),
  )
}

function withModes(command: Command): Command {
  return command
    .addOption(new Option('--apply', 'do it').conflicts('dryRun'))
    .option('--dry-run', 'only say what would be done (the default)')
}

interface Importing {
  readonly open: () => Promise<Source>
  readonly apply?: boolean
}

async function runImport(tools: Tools, { open, apply = false }: Importing): Promise<ExitCode> {
  const { bus, terminal } = tools
  const source = await open().catch(complain)
  const report = createImportReport(tools, { apply })
  const progress = createProgress({ total: source.total, say: terminal.err })
  await importRows({
    source,
    apply,
    ask: (subject, payload) => askPatiently(bus, subject, payload),
    tell(row) {
      report.tell(row)
      progress.step()
    },
  }).catch(complain)
  return report.end()
}

function complain(error: unknown): never {
  throw error instanceof UnreadableSource ? new InvalidArgumentError(error.message) : error
}

const mostTries = 5
const tryAgainAfter = 1_000

/** A put may be repeated: who was not heard, or found the storage away, is asked again before its row counts as failed. */
async function askPatiently(bus: Bus, subject: string, payload?: object): Promise<Result<unknown>> {
  for (let tries = 1; ; tries++) {
    try {
      return ok(await bus.request(subject, payload))
    } catch (error) {
      const passing =
        error instanceof Unreachable ||
        (error instanceof Refused && error.failure.error === 'storage_unavailable')
      if (!passing || tries === mostTries) {
        if (error instanceof Refused) return { ok: false, failure: error.failure }
        throw error
      }
      await delay(tryAgainAfter)
    }
  }
}
