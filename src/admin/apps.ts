import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { App, AppSettings, Apps, ClientSecret } from '../actors/app-actor.ts'
import { checkIfVersion } from '../actors/if-version.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { AppView } from '../contract/app.ts'
import { type AppPatch, type AppPut, type AppSecretAdd, maxSecrets } from '../contract/app.ts'
import { appNotFound, fail, ok, type Result } from '../contract/failures.ts'
import type { IfVersion } from '../contract/fields.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { checkCredential } from '../provider/check-settings.ts'
import type { Endpoint } from '../provider/endpoints.ts'
import { originOf } from '../provider/grant-place.ts'
import type { Provider } from '../provider/provider.ts'
import { nullIfUnusable } from '../redis/integrity.ts'
import type { Records } from '../redis/records.ts'
import { checkSecretMoves, type MoveOrder, withPinned } from './app-moves.ts'
import { describeRefusal } from './credential-check.ts'
import { createDeleteApp } from './delete-app.ts'
import { appView } from './views.ts'

export interface AppAdminOptions {
  readonly apps: Apps
  readonly records: Pick<Records, 'listSorted' | 'countByApp' | 'joining'>
  readonly clock: ClusterClock
  /** Checks the settings and fills in the defaults of the provider's preset. */
  configOf(app: string, put: AppPut): Promise<Result<AppConfig>>
  /** The reverse: the put that led to these settings, without secrets, with the patch applied. */
  putOf(config: AppConfig, patch: AppPatch): AppPut
  readonly provider: Pick<Provider, 'resolveEndpoint'>
}

interface Storing {
  readonly put: AppPut
  /** The settings named in this request. */
  readonly asked: AppPatch
  /** The app that the other settings of the put were taken from. */
  readonly seen?: App
}

type AppAdmin = Pick<
  Tokenbus,
  'putApp' | 'updateApp' | 'getApp' | 'listApps' | 'deleteApp' | 'addSecret' | 'removeSecret'
>

const listPage = 500
const maxTries = 20
/** Milliseconds; NATS clients give up after 5 s by default. */
const findsWithin = 2_000

export function createAppAdmin(options: AppAdminOptions): AppAdmin {
  const { apps, records, configOf, putOf, provider } = options
  const limit = pLimit(32)

  function view(app: App): Result<AppView> {
    const { config } = app
    return config === null ? appNotFound() : ok(appView({ ...app, config }))
  }

  /** Changes an existing app; `decide` may return a failure instead. */
  async function change(
    id: string,
    ifVersion: IfVersion | undefined,
    decide: (app: App & { config: AppConfig }) => Result<AppSettings>,
  ) {
    let failure: Result<never> | undefined
    const app = await apps.configure(id, (found) => {
      const { config, record } = found
      failure = config === null ? appNotFound() : checkIfVersion({ record, exists: true, ifVersion })
      if (config === null || failure) return undefined
      const settings = decide({ ...found, config })
      if (settings.ok) return settings.value
      failure = settings
      return undefined
    })
    return failure ?? view(app)
  }

  /** Checks preconditions on the app as the save finds it. With `seen`, answers `outdated` if the app has changed since. */
  async function store(id: string, { put, asked, seen }: Storing): Promise<Result<AppView> | 'outdated'> {
    const checked = await configOf(id, put)
    if (!checked.ok) return checked
    const order = put.moveGrants ? await orderOf(checked.value) : ok(undefined)
    if (!order.ok) return order
    const { ifVersion } = asked
    const secretsFor = checked.value.clientAuth === 'none' ? () => [] : givenSecrets(put)
    let refused: Result<never> | 'outdated' | undefined
    const app = await apps.configure(id, (found) => {
      const moving = { found, asked, config: checked.value, order: order.value, whole: seen === undefined }
      const outdated = seen !== undefined && found.record.generation !== seen.record.generation
      const stale = checkIfVersion({ record: found.record, exists: found.config !== null, ifVersion })
      refused = stale ?? (outdated ? 'outdated' : checkSecretMoves(moving))
      return refused ? undefined : { config: withPinned(moving), secrets: secretsFor(found) }
    })
    return refused ?? view(app)
  }

  /** The origins of the current endpoints, so that a later discovery does not redirect grants. */
  async function orderOf(config: AppConfig): Promise<Result<MoveOrder>> {
    const find = (endpoint: Endpoint) =>
      provider.resolveEndpoint({ config, endpoint, within: findsWithin, bypassCache: true })
    const token = await find('token_endpoint')
    if (!token.ok) return fail('invalid_config', `moveGrants: ${describeRefusal(token.refusal)}`)
    const revocation = await find('revocation_endpoint')
    const refresh = originOf(config.refreshUrl)
    const to = [token.url.origin, refresh ?? [], revocation.ok ? revocation.url.origin : []].flat()
    return ok({ to: [...new Set(to)] })
  }

  return {
    async putApp(id, put) {
      return (await store(id, { put, asked: put })) as Result<AppView>
    },
    async updateApp(id, make) {
      for (let tries = 0; tries < maxTries; tries++) {
        const seen = await apps.look(id)
        if (seen.config === null) return appNotFound()
        const patch = make(seen.config)
        if (!patch.ok) return patch
        const settings = putOf(seen.config, patch.value)
        const kept = settings.clientAuth === 'none' ? {} : keptSecrets(seen.secrets, patch.value)
        const put = { ...kept, ...settings }
        const stored = await store(id, { put, asked: patch.value, seen })
        if (stored !== 'outdated') return stored
      }
      return fail('conflict', 'the app is being changed concurrently; try again')
    },
    async getApp(id) {
      return view(await apps.look(id))
    },
    async listApps() {
      const found: AppView[] = []
      let cursor: string | undefined
      do {
        const page = await records.listSorted({ kind: 'app', limit: listPage, ...(cursor && { cursor }) })
        const each = page.ids.map((id) => limit(() => apps.look(id).catch(nullIfUnusable)))
        for (const app of await Promise.all(each)) {
          if (app === null || app.config === null) continue
          found.push(appView({ ...app, config: app.config }))
        }
        cursor = page.cursor
      } while (cursor !== undefined)
      return ok({ apps: found })
    },
    ...createDeleteApp(options),
    async addSecret(id, { ifVersion, ...add }) {
      const { config } = await apps.look(id)
      const usable = config && (await checkCredential({ field: 'secret', secret: add.secret, config }))
      if (usable?.ok === false) return usable
      if (config?.clientAuth === 'none')
        return fail(
          'invalid_config',
          'secret: not accepted, because the app authenticates without one (clientAuth none)',
        )
      const added = newSecret(add)
      return change(id, ifVersion, ({ config, secrets }) => {
        const others = secrets.filter((each) => each.id !== added.id)
        if (others.length >= maxSecrets)
          return fail('bad_request', `secret: an app may have ${maxSecrets} at most; remove one first`)
        return ok({ config, secrets: [...others, added] })
      })
    },
    removeSecret: (id, { id: secretId, ifVersion }) =>
      change(id, ifVersion, ({ config, secrets }) => {
        const left = secrets.filter((each) => each.id !== secretId)
        if (left.length === secrets.length)
          return fail('bad_request', 'id: the app has no secret with this id')
        if (left.length === 0)
          return fail('conflict', "id: this is the app's last secret; add another one first")
        return ok({ config, secrets: left })
      }),
  }
}

function newSecret({ id, secret, expiresAt }: Omit<AppSecretAdd, 'ifVersion'>): ClientSecret {
  return {
    id: id ?? randomUUID().slice(0, 8),
    secret,
    expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
  }
}

/** The app's current secrets as fields of a put, unless the patch has others. */
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

/**
 * The secrets an app has after a put. A list replaces all of them. No secret, or a single one that the app has already,
 * changes nothing, so that repeating a put does not drop secrets added meanwhile. Ids of new secrets are made here, outside
 * the compare-and-set, so that its retry adds nothing twice.
 */
function givenSecrets({ clientSecret, secrets, serviceKey }: AppPut): (app: App) => readonly ClientSecret[] {
  const only = clientSecret ?? serviceKey
  const given = secrets ?? (only === undefined ? [] : [{ secret: only }])
  const fresh = given.map((each) => ({ ...newSecret(each), named: each.id !== undefined }))
  const isHad = ({ secrets: had }: App) => had.some(({ secret }) => secret.reveal() === only?.reveal())
  return (app) => {
    if (secrets === undefined && (only === undefined || isHad(app))) return app.secrets
    return fresh.map(({ named, ...each }) => {
      const known = app.secrets.find(({ secret }) => secret.reveal() === each.secret.reveal())
      return named || known === undefined ? each : { ...each, id: known.id }
    })
  }
}
