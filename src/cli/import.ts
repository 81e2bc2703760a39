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
    .description('import accounts with their grants; a dry run unless --apply is given')
  withModes(
    importing
      .command('emailengine')
      .description('the OAuth2 apps and accounts of an EmailEngine database, which is only read')
      .requiredOption('--redis <url>', "the URL of EmailEngine's Redis, including the database number")
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
    const what = format === 'csv' ? 'with a header line' : 'one JSON object per line'
    withModes(
      importing
        .command(`${format} <file>`)
        .description(`accounts from a file, ${what}: account, app, user, refreshToken …`)
        .option(
          '--last-wins',
          'of several rows with the same account import the last; by default none is imported',
        ),
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
        'the private key of the public key it was exported to, as PEM or JWK',
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
    .addOption(new Option('--apply', 'import; without it nothing is written').conflicts('dryRun'))
    .option('--dry-run', 'only print what would be imported (default)')
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
    request: (subject, payload) => requestWithRetry(bus, subject, payload),
    report(row) {
      report.add(row)
      progress.step()
    },
  }).catch(complain)
  return report.end()
}

function complain(error: unknown): never {
  throw error instanceof UnreadableSource ? new InvalidArgumentError(error.message) : error
}

const maxTries = 5
const tryAgainAfter = 1_000

/** Retries a put that got no reply or `storage_unavailable`, which is safe because puts are idempotent. */
async function requestWithRetry(bus: Bus, subject: string, payload?: object): Promise<Result<unknown>> {
  for (let tries = 1; ; tries++) {
    try {
      return ok(await bus.request(subject, payload))
    } catch (error) {
      const transient =
        error instanceof Unreachable ||
        (error instanceof Refused && error.failure.error === 'storage_unavailable')
      if (!transient || tries === maxTries) {
        if (error instanceof Refused) return { ok: false, failure: error.failure }
        throw error
      }
      await delay(tryAgainAfter)
    }
  }
}
