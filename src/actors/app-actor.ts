import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import {
  type AppContext,
  type AppEffect,
  type AppEvent,
  type AppState,
  appMachine,
} from '../../machines/index.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { Secret } from '../common/secret.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { endpointKey } from '../provider/endpoint-key.ts'
import type { Reached } from '../provider/grant-place.ts'
import type { OutboxEntry, Records, Revision, StoredRecord } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import { createActor, type Loaded, type Meeting, type Taken } from './actor.ts'
import type { NewerForms } from './newer-forms.ts'
import type { OperatorLog } from './operator-log.ts'

export interface ClientSecret {
  readonly id: string
  readonly secret: Secret
  /** Milliseconds, null when it is not known to end. */
  readonly expiresAt: number | null
}

/** An app with all a token request needs. `config` is null when there is no such app. */
export interface App {
  readonly state: AppState
  readonly context: AppContext
  readonly config: AppConfig | null
  readonly secrets: readonly ClientSecret[]
  /** It is being deleted since (ms); null where nobody does that. */
  readonly closingSince: number | null
  /** Which token endpoint it asks, and as whom; empty when there is no such app. */
  readonly endpoint: string
  readonly record: StoredRecord
}

/** What comes with an event and is stored beside the machine's state; `null` removes the app. */
export type AppSettings = {
  readonly config: AppConfig
  readonly secrets: readonly ClientSecret[]
  /** Set by who deletes it; any other change calls the deletion off. */
  readonly closingSince?: number
} | null

export interface AppsOptions {
  readonly records: Pick<Records, 'load' | 'save'>
  readonly clock: ClusterClock
  readonly newerForms: NewerForms
  readonly snapshotSchema?: (() => number) | undefined
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>
  afterSave(app: string, record: StoredRecord): void
  readonly onChange?: OperatorLog['appChanged']
  perform(app: string, command: AppCommand): void
}

type AppAnnouncement = Extract<AppEffect, { type: `app.${string}` }>
/** What an app wants done; the rest of its effects are events, and saved with it. */
export type AppCommand = Exclude<AppEffect, AppAnnouncement>

const isEvent = (effect: AppEffect): effect is AppAnnouncement => effect.type.startsWith('app.')

type Settings = Pick<App, 'config' | 'secrets' | 'endpoint'>
type Step = Taken<{ value: unknown; context: AppContext }, AppEvent, AppEffect, AppSettings>
type Without<T> = T extends unknown ? Omit<T, 'at' | 'id'> : never
export type Report = Without<Exclude<AppEvent, { type: 'app.secret-updated' }>>

/** Opened settings this node keeps. */
const mostSettings = 1_000

export type Apps = ReturnType<typeof createApps>

/** The app actors: one OAuth client each, its secrets sealed beside its state. */
export function createApps({ records, clock, sealer, ...options }: AppsOptions) {
  function settingsFields({ id, extra, record }: Step): Record<string, string | null> {
    if (extra === undefined) return {}
    if (extra === null) return { config: null, c: null, closing: null }
    const text = JSON.stringify(extra.secrets.map((each) => [each.id, each.secret.reveal(), each.expiresAt]))
    const generation = record.generation + 1
    return {
      config: JSON.stringify(extra.config),
      c: sealer.seal({ text, account: id, generation, slot: 'secrets' }),
      closing: extra.closingSince === undefined ? null : String(extra.closingSince),
    }
  }

  function announcements({ id, record, event, effects }: Step): OutboxEntry[] {
    return effects.flatMap((effect) => {
      if (!isEvent(effect)) return []
      const { type, ...details } = effect
      const eventId = randomUUID()
      const time = new Date(event.at).toISOString()
      const body = JSON.stringify({
        id: eventId,
        type,
        time,
        app: id,
        version: record.version + 1,
        ...details,
      })
      return [{ id: eventId, type, time, ref: { kind: 'app' as const, id }, body }]
    })
  }

  const actor = createActor<typeof appMachine, AppEvent, AppEffect, AppSettings>({
    kind: 'app',
    machine: appMachine,
    input: (app) => ({ app }),
    records,
    clock,
    newerForms: options.newerForms,
    snapshotSchema: options.snapshotSchema,
    prepare(step) {
      const removed = step.extra === null
      return {
        generation: step.record.generation + (step.extra === undefined ? 0 : 1),
        state: removed ? null : (step.after.value as string),
        wakeAt: removed ? null : step.after.context.wakeAt,
        app: null,
        fields: settingsFields(step),
        outbox: announcements(step),
        tombstone: removed,
      }
    },
    perform({ effects, record, snapshot: after }, id, before) {
      options.afterSave(id, record)
      options.onChange?.(id, { before, after, effects })
      for (const effect of effects) if (!isEvent(effect)) options.perform(id, effect)
    },
  })

  const settingsSeen = new LRUCache<string, Revision & { settings: Settings }>({
    max: mostSettings,
  })

  /** Opening the secrets anew for each attempt would cost more than the attempt: once per version is enough. */
  function settingsOf(id: string, { version, saveId, generation, fields }: StoredRecord): Settings {
    const seen = settingsSeen.get(id)
    if (seen?.version === version && seen.saveId === saveId) return seen.settings
    const { config, c } = fields
    const place = { account: id, slot: 'secrets', generation }
    const open = (sealed: string) =>
      options.newerForms.reading({ kind: 'app', id }, { version, saveId }, () =>
        sealer.open({ sealed, ...place }),
      )
    const pairs = c === undefined ? [] : (JSON.parse(open(c).reveal()) as [string, string, number | null][])
    const parsed = config === undefined ? null : (JSON.parse(config) as AppConfig)
    const settings = {
      config: parsed,
      endpoint: parsed === null ? '' : endpointKey(parsed),
      secrets: pairs.map(([secretId, text, expiresAt]) => ({
        id: secretId,
        secret: new Secret(text),
        expiresAt,
      })),
    }
    settingsSeen.set(id, { version, saveId, settings })
    return settings
  }

  function read(id: string, { record, snapshot }: Loaded<{ value: unknown; context: AppContext }>): App {
    const { closing } = record.fields
    return {
      ...settingsOf(id, record),
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

  return {
    async look(id: string): Promise<App> {
      return read(id, await actor.load(id))
    },
    /** What a token request, the clock or the fan-out has to tell. */
    async report(id: string, report: Report) {
      const outcome = await actor.receive(id, ({ at, eventId }) => ({
        event: { ...report, at, id: eventId } as AppEvent,
      }))
      return { ...outcome, app: read(id, outcome) }
    },
    /** `decide` sees the app as it is and answers what to store, or undefined to leave it. */
    configure,
    /** Of one app that was saved elsewhere, or of all where Redis may have forgotten a save. */
    forgetSettings(id?: string): void {
      if (id === undefined) settingsSeen.clear()
      else settingsSeen.delete(id)
    },
    /** Where discovery has found the token endpoint of an app, it stays. */
    async pinOrigin({ config: seen, context }: App, { tokenEndpoint }: Reached): Promise<void> {
      if (seen === null || seen.tokenUrl !== undefined || seen.pinned?.tokenOrigin !== undefined) return
      await configure(context.app, ({ config, secrets }) => {
        if (config === null || config.issuer !== seen.issuer || config.tokenUrl !== undefined)
          return undefined
        if (config.pinned?.tokenOrigin !== undefined) return undefined
        const { origin: tokenOrigin } = new URL(tokenEndpoint)
        return { config: { ...config, pinned: { ...config.pinned, tokenOrigin } }, secrets }
      })
    },
    /**
     * Saves anew, by putting the app as it is, what is in an older form, or was sealed or signed with an older key; answers
     * whether it was.
     */
    async rewrite(id: string): Promise<boolean> {
      let stale = false
      await configure(id, ({ config, secrets, record }) => {
        const { c } = record.fields
        stale = config !== null && (actor.isStale(record) || (c !== undefined && sealer.isStale(c)))
        return stale && config !== null ? { config, secrets } : undefined
      })
      return stale
    },
  }
}

/** Who refused the secrets may have been somebody else, or have meant another client. */
function isSameClient(before: AppConfig | null, after: AppConfig): boolean {
  return (['clientId', 'tenant', 'issuer', 'tokenUrl', 'refreshUrl'] as const).every(
    (name) => before?.[name] === after[name],
  )
}

/** What was only found out is no change. */
function isChanged(before: AppConfig | null, after: AppConfig): boolean {
  if (before === null) return false
  const text = ({ pinned, ...config }: AppConfig) => JSON.stringify({ ...config, moves: pinned?.moves })
  return text(before) !== text(after)
}

/** A secret is known by its text and its client: another one under an old name is a fresh one. */
function secretsUpdated(
  app: App,
  settings: AppSettings,
  { at, eventId }: Pick<Meeting<unknown>, 'at' | 'eventId'>,
): AppEvent {
  const same = settings !== null && isSameClient(app.config, settings.config)
  const known = new Set(same ? app.secrets.map(({ secret }) => secret.reveal()) : [])
  const secrets = (settings?.secrets ?? []).map(({ id, secret, expiresAt }) => ({
    id,
    expiresAt,
    fresh: !known.has(secret.reveal()),
  }))
  const isNew = app.context.since === 0
  const changed =
    !isNew &&
    settings !== null &&
    (isChanged(app.config, settings.config) || secrets.some(({ fresh }) => fresh))
  return { type: 'app.secret-updated', at, id: eventId, secrets, ...(changed && { changed }) }
}
