import {
  type AppContext,
  type AppEffect,
  type AppEvent,
  type AppState,
  appMachine,
} from '../../machines/index.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { createSharedLoad } from '../common/shared-load.ts'
import type { Reached } from '../provider/grant-place.ts'
import { isFilledPerAccount } from '../provider/url-params.ts'
import type { LeftEntries, Records, StoredRecord } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import { createActor, type Loaded, type Outcome } from './actor.ts'
import { type AppCommand, type AppWork, workOf } from './app-effects.ts'
import type { NewerForms } from './newer-forms.ts'
import type { OperatorLog } from './operator-log.ts'
import { type App, type AppSettings, createStoredSettings, secretsUpdated } from './stored-settings.ts'

export type { AppCommand } from './app-effects.ts'
export type { App, AppSettings, ClientSecret } from './stored-settings.ts'

export interface AppsOptions {
  readonly records: Pick<Records, 'load' | 'save'>
  readonly clock: ClusterClock
  readonly newerForms: NewerForms
  readonly snapshotSchema?: (() => number) | undefined
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>
  afterSave(app: string, record: StoredRecord, left: LeftEntries | undefined): void
  readonly onChange?: OperatorLog['appChanged']
  perform(app: string, command: AppCommand): void
}

type AppSnapshot = { value: unknown; context: AppContext }
type Without<T> = T extends unknown ? Omit<T, 'at' | 'id'> : never
export type Report = Without<Exclude<AppEvent, { type: 'app.secret-updated' }>>

export interface Apps {
  look(id: string): Promise<App>
  /** Applies an event of a token request, the clock or the fan-out; returns the app afterwards. */
  report(id: string, report: Report): Promise<Outcome<AppSnapshot, AppEffect> & { readonly app: App }>
  /** `decide` gets the app and returns what to store, or undefined to leave it unchanged. */
  configure(id: string, decide: (app: App) => AppSettings | undefined): Promise<App>
  /** Invalidates the cache of one app that another node saved, or of all if Redis may have lost a save. */
  forgetSettings(id?: string): void
  /** Pins the origin at which discovery found the app's token endpoint. */
  pinOrigin(app: App, reached: Reached): Promise<void>
  /**
   * Rewrites a record in an older format, or encrypted or signed with an older key, by putting the app unchanged; returns
   * whether it did.
   */
  rewrite(id: string): Promise<boolean>
}

/** The app actors: one OAuth client each, with its encrypted secrets beside its state. */
export function createApps(options: AppsOptions): Apps {
  const stored = createStoredSettings(options)

  const actor = createActor<typeof appMachine, AppEvent, AppEffect, AppSettings, AppWork>({
    kind: 'app',
    machine: appMachine,
    input: (app) => ({ app }),
    records: options.records,
    clock: options.clock,
    newerForms: options.newerForms,
    snapshotSchema: options.snapshotSchema,
    plan(step) {
      const { id, record, extra, after } = step
      const removed = extra === null
      const work = workOf(step)
      const saving = {
        generation: record.generation + (extra === undefined ? 0 : 1),
        state: removed ? null : (after.value as string),
        wakeAt: removed ? null : after.context.wakeAt,
        app: null,
        fields: stored.write(id, record, extra),
        outbox: work.events,
        tombstone: removed,
      }
      return { saving, work }
    },
    perform({ effects, record, snapshot: after }, { id, before, work, left }) {
      options.afterSave(id, record, left)
      options.onChange?.(id, { before, after, effects })
      for (const command of work.commands) options.perform(id, command)
    },
  })

  function read(id: string, { record, snapshot }: Loaded<AppSnapshot>): App {
    const { closing } = record.fields
    return {
      ...stored.read(id, record),
      state: snapshot.value as AppState,
      context: snapshot.context,
      closingSince: closing === undefined ? null : Number(closing),
      record,
    }
  }

  async function configure(id: string, decide: (app: App) => AppSettings | undefined): Promise<App> {
    const outcome = await actor.receive(id, (loaded) => {
      const app = read(id, loaded)
      const settings = decide(app)
      if (settings === undefined) return null
      return { event: secretsUpdated(app, settings, loaded), extra: settings }
    })
    return read(id, outcome)
  }

  // Shared, because many attempts read the same app concurrently.
  const load = createSharedLoad((id) => actor.load(id))

  return {
    configure,
    forgetSettings: stored.forget,
    async look(id) {
      return read(id, await load(id))
    },
    async report(id, report) {
      const outcome = await actor.receive(id, ({ at, eventId }) => ({
        event: { ...report, at, id: eventId } as AppEvent,
      }))
      return { ...outcome, app: read(id, outcome) }
    },
    async pinOrigin({ config: seen, context }, { tokenEndpoint }) {
      if (tokenEndpoint === undefined || seen === null || isFilledPerAccount(seen)) return
      if (seen.tokenUrl !== undefined || seen.pinned?.tokenOrigin !== undefined) return
      await configure(context.app, ({ config, secrets }) => {
        if (config === null || config.issuer !== seen.issuer || config.tokenUrl !== undefined)
          return undefined
        if (config.pinned?.tokenOrigin !== undefined) return undefined
        const { origin: tokenOrigin } = new URL(tokenEndpoint)
        return { config: { ...config, pinned: { ...config.pinned, tokenOrigin } }, secrets }
      })
    },
    async rewrite(id) {
      let stale = false
      await configure(id, ({ config, secrets, record }) => {
        const { c } = record.fields
        stale = config !== null && (actor.isStale(record) || (c !== undefined && options.sealer.isStale(c)))
        return stale && config !== null ? { config, secrets } : undefined
      })
      return stale
    },
  }
}
