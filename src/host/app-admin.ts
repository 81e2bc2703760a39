import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { AppView, Tokenbus } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { checkCredential } from '../provider/check-settings.ts'
import type { Records } from '../redis/records.ts'
import { type AppPatch, type AppPut, type AppSecretAdd, mostSecrets } from '../schemas.ts'
import type { App, AppSettings, Apps, ClientSecret } from './apps.ts'
import { appView } from './views.ts'

export interface AppAdminOptions {
  readonly apps: Apps
  readonly records: Pick<Records, 'list' | 'countByApp'>
  /** Checks the settings and fills in what the provider's preset knows. */
  configOf(app: string, put: AppPut): Promise<Result<AppConfig>>
  /** The other way: what was said, secrets apart. */
  putOf(config: AppConfig): AppPut
}

type AppAdmin = Pick<
  Tokenbus,
  'putApp' | 'updateApp' | 'getApp' | 'listApps' | 'deleteApp' | 'addSecret' | 'removeSecret'
>

const listPage = 500

export function createAppAdmin({ apps, records, configOf, putOf }: AppAdminOptions): AppAdmin {
  const limit = pLimit(32)

  function view(app: App): Result<AppView> {
    const { config } = app
    return config === null ? notFound() : ok(appView({ ...app, config }))
  }

  /** Changes an app that is there; `change` may answer a failure instead. */
  async function change(id: string, decide: (app: App & { config: AppConfig }) => Result<AppSettings>) {
    let failure: Result<never> | undefined
    const app = await apps.configure(id, (found) => {
      failure = undefined
      const { config } = found
      const settings = config === null ? notFound() : decide({ ...found, config })
      if (settings.ok) return settings.value
      failure = settings
      return undefined
    })
    return failure ?? view(app)
  }

  async function putApp(id: string, put: AppPut): Promise<Result<AppView>> {
    const config = await configOf(id, put)
    if (!config.ok) return config
    return view(await apps.configure(id, (app) => ({ config: config.value, secrets: secretsOf(put, app) })))
  }

  return {
    putApp,
    async updateApp(id, patch) {
      const { config, secrets } = await apps.look(id)
      if (config === null) return notFound()
      return putApp(id, { ...putOf(config), ...keptSecrets(secrets, patch), ...patch })
    },
    async getApp(id) {
      return view(await apps.look(id))
    },
    async listApps() {
      const found: AppView[] = []
      let cursor: string | undefined
      do {
        const page = await records.list({ kind: 'app', limit: listPage, ...(cursor && { cursor }) })
        for (const app of await Promise.all(page.ids.map((id) => limit(() => apps.look(id))))) {
          const { config } = app
          if (config !== null) found.push(appView({ ...app, config }))
        }
        cursor = page.cursor
      } while (cursor !== undefined)
      return ok({ apps: found })
    },
    async deleteApp(id) {
      const accounts = await records.countByApp(id)
      if (accounts > 0) return fail('conflict', `the app still has ${accounts} accounts; delete them first`)
      let existed = false
      await apps.configure(id, ({ config }) => {
        existed = config !== null
        return existed ? null : undefined
      })
      if (!existed) return notFound()
      return ok({ app: id, deleted: true })
    },
    async addSecret(id, add) {
      const { config } = await apps.look(id)
      const usable = config && (await checkCredential({ field: 'secret', secret: add.secret, config }))
      if (usable?.ok === false) return usable
      return change(id, ({ config, secrets }) => {
        const added = newSecret(add)
        const others = secrets.filter((each) => each.id !== added.id)
        if (others.length >= mostSecrets)
          return fail('bad_request', `secret: an app has ${mostSecrets} at most; remove one first`)
        return ok({ config, secrets: [...others, added] })
      })
    },
    removeSecret: (id, { id: secretId }) =>
      change(id, ({ config, secrets }) => {
        const left = secrets.filter((each) => each.id !== secretId)
        if (left.length === secrets.length) return fail('bad_request', 'id: the app has no such secret')
        if (left.length === 0)
          return fail('conflict', "id: this is the app's last secret; add another one first")
        return ok({ config, secrets: left })
      }),
  }
}

export function notFound(): Result<never> {
  return fail('app_not_found', 'there is no such app')
}

function newSecret({ id, secret, expiresAt }: AppSecretAdd): ClientSecret {
  return {
    id: id ?? randomUUID().slice(0, 8),
    secret,
    expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
  }
}

/** The secrets an app has, as a put would give them, unless the patch gives others. */
export function keptSecrets(secrets: readonly ClientSecret[], patch: AppPatch): Partial<AppPut> {
  if (secrets.length === 0 || patch.clientSecret || patch.secrets || patch.serviceKey) return {}
  return {
    secrets: secrets.map(({ id, secret, expiresAt }) => ({
      id,
      secret,
      ...(expiresAt !== null && { expiresAt: new Date(expiresAt).toISOString() }),
    })),
  }
}

/** A put says the whole list. Where the text is one we have, it keeps its id, and with it what we know of it. */
function secretsOf({ clientSecret, secrets, serviceKey }: AppPut, app: App): ClientSecret[] {
  const only = clientSecret ?? serviceKey
  const given = secrets ?? (only === undefined ? [] : [{ secret: only }])
  return given.map((each) => {
    const known = app.secrets.find(({ secret }) => secret.reveal() === each.secret.reveal())
    return newSecret({ ...each, ...(each.id === undefined && known && { id: known.id }) })
  })
}
