import { decode } from '@msgpack/msgpack'
import type { Secret } from '../common/secret.ts'
import type { RedisClient } from '../redis/scripts.ts'
import { accountRow, type EmailEngineGrant, parseGrant, tokensOf } from './emailengine-account.ts'
import { appRow, type EmailEngineApp, parseApp, secretsOf } from './emailengine-app.ts'
import { createOpener, DoesNotOpen, isSealed, type Opener } from './emailengine-seal.ts'
import { type AccountRow, type AppRow, type Source, UnreadableSource } from './rows.ts'

export interface EmailEngineOptions {
  /** The connection to EmailEngine's database; only read commands are sent. */
  readonly redis: RedisClient
  /** `EENGINE_REDIS_PREFIX`, empty if there is none. */
  readonly prefix: string
  readonly secret: Secret | undefined
}

const page = 64

interface Found {
  readonly id: string
  readonly grant: EmailEngineGrant | undefined
}

/**
 * The apps and accounts of an EmailEngine database (`ia:accounts`, `iad:<account>`, `oapp:i`, `oapp:c`). Rejects with
 * `UnreadableSource` if there are none, or if the secret is wrong.
 */
export async function openEmailEngine({ redis, prefix, secret }: EmailEngineOptions): Promise<Source> {
  const key = (name: string) => (prefix === '' ? name : `${prefix}:${name}`)
  const opener = createOpener(secret)
  const apps = await readApps()
  const accounts = (await redis.smembers(key('ia:accounts'))).sort()
  if (apps.size === 0 && accounts.length === 0) {
    throw new UnreadableSource(
      'There is no EmailEngine data in this database; check --redis (its path is the database number) and --prefix.',
    )
  }
  await assertOpens({ sealed: await firstSealed(), opener, secret })

  async function readApps(): Promise<Map<string, EmailEngineApp | undefined>> {
    const ids = (await redis.smembers(key('oapp:i'))).sort()
    const records = await Promise.all(ids.map((id) => redis.hgetBuffer(key('oapp:c'), `${id}:data`)))
    return new Map(ids.map((id, index) => [id, parseApp(unpacked(records[index] ?? null))]))
  }

  async function* pages(): AsyncGenerator<Found[]> {
    for (let start = 0; start < accounts.length; start += page) {
      const ids = accounts.slice(start, start + page)
      yield await Promise.all(
        ids.map(async (id) => ({ id, grant: parseGrant(await redis.hget(key(`iad:${id}`), 'oauth2')) })),
      )
    }
  }

  async function firstSealed(): Promise<string | undefined> {
    const ofApps = [...apps.values()].flatMap((app) => (app ? secretsOf(app) : [])).find(isSealed)
    if (ofApps !== undefined) return ofApps
    for await (const found of pages()) {
      const sealed = found.flatMap(({ grant }) => (grant ? tokensOf(grant) : [])).find(isSealed)
      if (sealed !== undefined) return sealed
    }
    return undefined
  }

  async function* appRows(): AsyncGenerator<AppRow> {
    for (const [id, app] of apps) {
      if (app === undefined) yield { id, fail: 'its record cannot be read' }
      else yield await orFail(id, () => appRow(id, app, opener))
    }
  }

  async function* accountRows(): AsyncGenerator<AccountRow> {
    const now = Date.now()
    for await (const found of pages()) {
      // Concurrently, because key derivation runs on Node's thread pool.
      yield* await Promise.all(
        found.map(({ id, grant }) => {
          const provider = apps.get(grant?.provider ?? '')?.provider
          return orFail(id, () => accountRow({ id, grant, provider, now }, opener))
        }),
      )
    }
  }

  return { apps: appRows(), accounts: accountRows(), total: apps.size + accounts.length }
}

function unpacked(record: Buffer | null): unknown {
  try {
    return record === null ? undefined : decode(record)
  } catch {
    return undefined
  }
}

async function orFail<R>(id: string, read: () => Promise<R>): Promise<R | { id: string; fail: string }> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DoesNotOpen) return { id, fail: error.message }
    throw error
  }
}

/** Checks the secret first, so that a wrong one is not reported as thousands of damaged accounts. */
async function assertOpens(trial: {
  sealed: string | undefined
  opener: Opener
  secret: Secret | undefined
}): Promise<void> {
  const { sealed, opener, secret } = trial
  if (sealed === undefined) return
  if (secret === undefined) {
    throw new UnreadableSource(
      "This database is encrypted; give EmailEngine's secret with --secret -, file:<path> or env:<name>. Nothing was imported.",
    )
  }
  try {
    await opener.open(sealed)
  } catch (error) {
    if (!(error instanceof DoesNotOpen)) throw error
    throw new UnreadableSource(
      'This database was encrypted with another secret than the one given with --secret. Nothing was imported.',
      { cause: error },
    )
  }
}
