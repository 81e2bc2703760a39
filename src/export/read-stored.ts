import type { AccountContext } from '../../machines/index.ts'
import { createAccounts } from '../actors/account-actor.ts'
import { type App, createApps } from '../actors/app-actor.ts'
import { createNewerForms } from '../actors/newer-forms.ts'
import { createSealedTokens, type TokenPair } from '../actors/sealed-tokens.ts'
import { createClusterClock } from '../common/cluster-clock.ts'
import { unobserved } from '../common/observer.ts'
import type { Extra } from '../contract/account.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { fillParams } from '../provider/url-params.ts'
import { Tampered } from '../redis/integrity.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { Records, Ref } from '../redis/records.ts'
import { SealError, type Sealer } from '../redis/seal.ts'

export type StoredApp = App & { readonly config: AppConfig }

export interface StoredAccount {
  readonly id: string
  /** Redis time (ms) of the read. */
  readonly at: number
  readonly context: AccountContext
  readonly tokens: TokenPair | null
  readonly metadata: unknown
  readonly extra: Extra | undefined
  readonly app: StoredApp
}

/** The record was tampered with, or encrypted with a key that was not given. */
export interface Unreadable {
  readonly id: string
  readonly fail: string
}

export interface StoredOptions {
  readonly records: Pick<Records, 'load' | 'list'>
  readonly sealer: Sealer
}

export interface ReadStored {
  apps(only?: string): AsyncGenerator<StoredApp | Unreadable>
  /** Read page by page, so that memory use is bounded. */
  accounts(app?: string): AsyncGenerator<StoredAccount | Unreadable>
}

const page = 100

/** Reads and decrypts apps and accounts with the same integrity checks as a node. Writes nothing. */
export function createReadStored({ records, sealer }: StoredOptions): ReadStored {
  const clock = createClusterClock()
  // Unreadable records are reported as rows, not logged.
  const newerForms = createNewerForms({ logger: { error: () => undefined }, observer: unobserved })
  const nothing = () => undefined
  const readOnly = { load: records.load, save: () => Promise.reject(new Error('an export stores nothing')) }
  const accounts = createAccounts({
    records: readOnly,
    clock,
    newerForms,
    sealed: createSealedTokens(sealer),
    fingerprint: () => '',
    beforeSave: nothing,
    afterSave: nothing,
    send: nothing,
  })
  const apps = createApps({
    records: readOnly,
    clock,
    newerForms,
    sealer,
    afterSave: nothing,
    perform: nothing,
  })
  const known = new Map<string, Promise<StoredApp | Unreadable>>()

  function appOf(id: string): Promise<StoredApp | Unreadable> {
    const found = known.get(id)
    if (found !== undefined) return found
    const reading = orUnreadable(id, async () => {
      const app = await apps.look(id)
      return app.config === null ? { id, fail: 'there is no such app' } : { ...app, config: app.config }
    })
    known.set(id, reading)
    return reading
  }

  async function accountOf(id: string): Promise<StoredAccount | Unreadable | undefined> {
    const { at, record, snapshot } = await accounts.load(id)
    const { context } = snapshot
    if (context.grantId === null) return undefined
    const app = await appOf(context.app)
    if ('fail' in app) return { id, fail: `its app ${context.app}: ${app.fail}` }
    const filled = fillParams(app.config, context.params)
    if (!filled.ok) return { id, fail: filled.failure.message }
    const { metadata, extra } = record.fields
    return {
      id,
      at,
      context,
      tokens: accounts.openCurrent(id, record),
      metadata: metadata === undefined ? undefined : JSON.parse(metadata),
      extra: extra === undefined ? undefined : JSON.parse(extra),
      app: { ...app, config: filled.value },
    }
  }

  async function* idsOf(kind: Ref['kind'], app?: string): AsyncGenerator<string[]> {
    let cursor: string | undefined
    do {
      const found = await records.list({ kind, app, limit: page, ...(cursor && { cursor }) })
      yield found.ids
      cursor = found.cursor
    } while (cursor !== undefined)
  }

  return {
    async *apps(only) {
      if (only !== undefined) yield await appOf(only)
      else for await (const ids of idsOf('app')) for (const id of ids) yield await appOf(id)
    },
    async *accounts(app) {
      for await (const ids of idsOf('account', app)) {
        const found = await Promise.all(ids.map((id) => orUnreadable(id, () => accountOf(id))))
        for (const each of found) if (each !== undefined) yield each
      }
    },
  }
}

async function orUnreadable<T>(id: string, read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Tampered || error instanceof SealError || error instanceof NewerForm)
      return { id, fail: error.message }
    throw error
  }
}
