import { open } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readPublicKey } from '../common/recipient-key.ts'
import { sealRows } from '../common/sealed-rows.ts'
import { StartError } from '../common/start-error.ts'
import { exportRows } from '../export/export-rows.ts'
import { createReadStored } from '../export/read-stored.ts'
import { type ShapeName, shapes } from '../export/shapes.ts'
import type { Config } from '../node/config.ts'
import { openToRead } from '../redis/open-to-read.ts'
import { openBus, readDevFile, Unreachable } from './bus.ts'
import { readKeyFile } from './read-key-file.ts'
import { nodesOf } from './roll-call.ts'
import { jsonLine, shown } from './terminal.ts'
import type { ExitCode, RunAlone, Tools } from './tools.ts'

type Alone = Omit<Tools, 'bus'>

interface ExportOptions {
  readonly recipient: string
  readonly for: ShapeName
  readonly app?: string
  readonly withAppSecrets?: true
  readonly nameApp: Readonly<Record<string, string>>
  readonly whileNodesRun?: true
}

export function exportCommand(program: Command, runAlone: RunAlone): void {
  program
    .command('export <file>')
    .description(
      'export accounts with their grants, encrypted to a public key; needs TOKENBUS_KEYS, and all nodes stopped',
    )
    .requiredOption('--recipient <file>', 'the public key, as PEM or JWK: RSA, EC or X25519')
    .addOption(
      new Option('--for <program>', 'the program that will import it')
        .choices(Object.keys(shapes))
        .default('tokenbus'),
    )
    .option('--app <app>', 'only this app and its accounts')
    .option('--with-app-secrets', 'include client secrets and service keys (only for tokenbus)')
    .option('--name-app <ours=theirs>', "an app's name in nango or emailengine; repeatable", named, {})
    .option(
      '--while-nodes-run',
      'export although nodes run; never import it elsewhere, since both would use the same refresh tokens',
    )
    .action(runAlone(runExport))
}

function named(text: string, known: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [ours = '', theirs = ''] = text.split('=')
  if (ours === '' || theirs === '') throw new InvalidArgumentError('must be <ours>=<theirs>')
  return { ...known, [ours]: theirs }
}

async function runExport(tools: Alone, path: string, options: ExportOptions): Promise<ExitCode> {
  const { config, terminal, print } = tools
  const recipient = await readKeyFile(options.recipient, { named: '--recipient', read: readPublicKey })
  if (!options.whileNodesRun) await assertNodesStopped(config)
  const storage = await openToRead(await whereDataIs(config))
  try {
    const shape = shapes[options.for]({
      withAppSecrets: options.withAppSecrets === true,
      nameOf: (app) => options.nameApp[app] ?? app,
    })
    const { rows, counts } = exportRows({
      stored: createReadStored(storage),
      shape,
      only: options.app,
      report: (row) => print(row, () => [`${row.outcome}  ${row.kind}  ${shown(row.id)}  ${row.reason}`]),
    })
    const audit = (word: string) => {
      const how = {
        for: options.for,
        recipient: recipient.thumbprint,
        appSecrets: options.withAppSecrets === true,
      }
      terminal.err(
        jsonLine({ level: 30, time: new Date().toISOString(), audit: word, who: who(), ...how, ...counts }),
      )
    }
    audit('export.begun')
    try {
      await writeLines(path, sealRows({ rows, content: shape.content, recipient }))
    } finally {
      audit('export.ended')
    }
    const summary = { summary: { ...counts, recipient: recipient.thumbprint } }
    print(summary, () => [
      `exported ${counts.accounts} accounts and ${counts.apps} apps, sealed to ${recipient.thumbprint}; ` +
        `${counts.skipped} skipped, ${counts.failed} failed`,
      'Once this is imported elsewhere, do not start nodes here again: both would use the same refresh tokens.',
    ])
    return counts.failed > 0 ? 1 : 0
  } finally {
    storage.close()
  }
}

/** Creates the file, readable by its owner only; never overwrites one. */
async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'exists already' : `cannot be written (${error.code})`
    throw new InvalidArgumentError(`The file ${path} ${why}. Nothing was exported.`)
  })
  try {
    for await (const line of lines) await file.write(`${line}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function whereDataIs(config: Config): Promise<{ url: string; keys: string }> {
  const { redisUrl, keys, dataDir } = config
  if (redisUrl !== undefined && keys !== undefined) return { url: redisUrl, keys }
  if (redisUrl !== undefined || keys !== undefined)
    throw new StartError('tokenbus export needs TOKENBUS_REDIS_URL and TOKENBUS_KEYS; set both.')
  return { url: (await readDevFile(config)).redis, keys: `file:${join(dataDir, 'keys')}` }
}

/** If NATS cannot be reached, the nodes are assumed to be stopped. */
async function assertNodesStopped(config: Config): Promise<void> {
  let nodes = 0
  try {
    await using bus = await openBus(config)
    nodes = (await nodesOf(bus)).length
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
  }
  if (nodes === 0) return
  throw new InvalidArgumentError(
    `${nodes} nodes are running and would use the exported refresh tokens; stop them first. Nothing was exported.`,
  )
}

function who(): string {
  const { SUDO_USER: behind } = process.env
  return `${userInfo().username}${behind ? ` (${behind})` : ''}@${hostname()}`
}
