import type { NatsConnection } from 'nats'
import type { Logger } from 'pino'
import { connectNats } from '../bus/connect.ts'
import type { Audit } from '../common/audit.ts'
import { startNear } from '../common/free-port.ts'
import { devAdminToken, devKeys, writeDevFile } from '../embedded/dev-files.ts'
import { startEmbeddedNats } from '../embedded/nats.ts'
import { startEmbeddedRedis } from '../embedded/redis.ts'
import type { Config } from '../node/config.ts'
import { startService } from '../node/service.ts'
import { createProvider } from '../provider/provider.ts'
import { connectDemo } from '../sandbox/demo.ts'
import { startSandbox } from '../sandbox/server.ts'
import { commandPrefix } from './how-to-call.ts'
import { transitionLine } from './transition-line.ts'

export interface DevOptions {
  readonly config: Config
  readonly logger: Logger
  readonly audit: Audit
  readonly out: (line: string) => void
  readonly colour: boolean
  /** Called if an embedded server ends unexpectedly, with a sentence that names it. */
  readonly onBroken: (sentence: string) => void
}

const usualHttpPort = 7070

/** Runs everything on one machine: NATS, Redis, a sandbox OAuth server with one connected account, and tokenbus. */
export async function runDev(options: DevOptions): Promise<{ stop(): Promise<void> }> {
  const started: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const undo of started.splice(0).reverse()) await undo()
  }
  try {
    await start(options, (undo) => started.push(undo))
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

async function start(
  { config, logger, audit, out, colour, onBroken }: DevOptions,
  onStop: (undo: () => Promise<unknown>) => void,
): Promise<void> {
  const { dataDir } = config
  const keys = config.keys ?? (await devKeys(dataDir))
  const sandbox = await startSandbox({ dataDir })
  onStop(sandbox.close)
  const nats =
    config.natsUrl === undefined ? await startEmbeddedNats({ dataDir, onExit: onBroken }) : undefined
  if (nats) onStop(nats.stop)
  const redis =
    config.redisUrl === undefined ? await startEmbeddedRedis({ dataDir, onExit: onBroken }) : undefined
  if (redis) onStop(redis.stop)
  const natsUrl = nats?.url ?? (config.natsUrl as string)
  const redisUrl = redis?.url ?? (config.redisUrl as string)

  const { host, port } = config.http
  // The sandbox listens on loopback, which an outgoing proxy cannot reach.
  const noProxy = [...config.proxies.noProxy, new URL(sandbox.url).host]
  const proxies = { ...config.proxies, noProxy }
  const serve = (port: number) =>
    startService({
      config: {
        ...config,
        natsUrl: nats?.serviceUrl ?? natsUrl,
        redisUrl,
        keys,
        http: { host, port },
        proxies,
      },
      logger,
      audit,
    })
  const service = await (port === usualHttpPort ? startNear(port, serve) : serve(port))
  onStop(service.stop)
  const provider = createProvider({ allowPrivate: true })
  await connectDemo({ tokenbus: service.tokenbus, provider, sandbox })
  await provider.close()

  const adminToken = await devAdminToken(dataDir)
  await service.adoptAdminToken(adminToken)
  await writeDevFile(dataDir, {
    nats: natsUrl,
    redis: redisUrl,
    http: service.httpUrl,
    sandbox: sandbox.url,
    adminToken,
  })
  const watching = await connectNats({ url: natsUrl, name: 'tokenbus dev', logger })
  onStop(() => watching.close())
  for (const line of welcome({
    nats: natsUrl,
    redis: redisUrl,
    http: service.httpUrl,
    sandbox: sandbox.url,
    dataDir,
  }))
    out(line)
  printTransitions(watching, (body) => out(transitionLine(body, { colour })))
}

function printTransitions(nats: NatsConnection, print: (body: never) => void): void {
  nats.subscribe('account.transition.*', {
    callback(error, message) {
      if (error === null) print(message.json() as never)
    },
  })
}

/** Printed output may be shared, so passwords are only in `dev.json`. */
function withoutPassword(url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href.replace(/\/$/, '')
}

function welcome(where: {
  nats: string
  redis: string
  http: string
  sandbox: string
  dataDir: string
}): string[] {
  return [
    '',
    `  NATS      ${withoutPassword(where.nats)}`,
    `  Redis     ${withoutPassword(where.redis)}`,
    `  HTTP      ${where.http}`,
    `  sandbox   ${where.sandbox}   (an OAuth server: app "sandbox", account "demo", tokens live 60 s)`,
    `  data      ${where.dataDir}   (URLs with credentials in dev.json)`,
    '',
    '  Try, in another terminal:',
    `    ${commandPrefix} token demo             a token that works`,
    `    ${commandPrefix} watch                  every event as it happens`,
    `    ${commandPrefix} sandbox revoke demo    the user removes the app (sandbox --help has more)`,
    '',
    'tokenbus ready',
  ]
}
