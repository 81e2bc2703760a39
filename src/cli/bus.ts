import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NatsConnection } from 'nats'
import { pino } from 'pino'
import { z } from 'zod'
import { connectNats } from '../bus/connect.ts'
import { StartError } from '../common/start-error.ts'
import type { Failure } from '../contract/failures.ts'
import type { Config } from '../node/config.ts'
import { devCommand } from './how-to-call.ts'

/** tokenbus answered with a failure. */
export class Refused extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** NATS or tokenbus cannot be reached. */
export class Unreachable extends Error {}

const devFileSchema = z.object({ nats: z.string(), redis: z.string(), http: z.string(), sandbox: z.string() })

const requestTimeout = 6_000

export async function readDevFile({
  dataDir,
}: Pick<Config, 'dataDir'>): Promise<z.infer<typeof devFileSchema>> {
  const path = join(dataDir, 'dev.json')
  try {
    return devFileSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new Unreachable(
      `There is no ${path}: start tokenbus with ${devCommand}, or set TOKENBUS_NATS_URL.`,
      {
        cause,
      },
    )
  }
}

export interface Bus extends AsyncDisposable {
  readonly nats: NatsConnection
  /** Rejects with `Refused` or `Unreachable`. The payload defaults to `{}`, the least that verbs which change something accept. */
  request(subject: string, payload?: object): Promise<unknown>
}

export async function openBus(config: Config): Promise<Bus> {
  const url = config.natsUrl ?? (await readDevFile(config)).nats
  const creds = config.natsUrl === undefined ? undefined : config.natsCreds
  const nats = await connect({ url, creds })
  return {
    nats,
    async request(subject, payload = {}) {
      const reply = await nats
        .request(subject, JSON.stringify(payload), { timeout: requestTimeout })
        .catch((cause) => {
          throw new Unreachable('tokenbus does not answer on this NATS server; is it running?', { cause })
        })
      const body = reply.json() as unknown
      if (reply.headers?.has('Nats-Service-Error')) throw new Refused(body as Failure)
      return body
    },
    [Symbol.asyncDispose]: () => nats.close(),
  }
}

async function connect({ url, creds }: { url: string; creds: string | undefined }): Promise<NatsConnection> {
  try {
    return await connectNats({
      url,
      ...(creds && { creds }),
      name: 'tokenbus cli',
      logger: pino({ level: 'silent' }),
    })
  } catch (error) {
    if (error instanceof StartError) throw new Unreachable(error.message, { cause: error })
    throw error
  }
}
