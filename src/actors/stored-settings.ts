import { LRUCache } from 'lru-cache'
import type { AppContext, AppEvent, AppState } from '../../machines/index.ts'
import { Secret } from '../common/secret.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { endpointKey } from '../provider/endpoint-key.ts'
import type { Revision, StoredRecord } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import type { Meeting } from './actor.ts'
import type { NewerForms } from './newer-forms.ts'

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

export interface StoredSettingsOptions {
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
  readonly newerForms: Pick<NewerForms, 'reading'>
}

type Settings = Pick<App, 'config' | 'secrets' | 'endpoint'>

export interface StoredSettings {
  /** Fields of the record; null removes one. */
  write(id: string, record: StoredRecord, settings: AppSettings | undefined): Record<string, string | null>
  read(id: string, record: StoredRecord): Settings
  /** Of one app, or of all. */
  forget(id?: string): void
}

/** Opened settings this node keeps. */
const mostSettings = 1_000

/** An app's configuration and its sealed secrets, in its record. */
export function createStoredSettings({ sealer, newerForms }: StoredSettingsOptions): StoredSettings {
  const seen = new LRUCache<string, Revision & { settings: Settings }>({ max: mostSettings })

  function open(id: string, { version, saveId, generation, fields }: StoredRecord): Settings {
    const { config, c } = fields
    const text = c && {
      sealed: c,
      account: id,
      slot: 'secrets',
      generation,
    }
    const pairs = text
      ? newerForms.reading({ kind: 'app', id }, { version, saveId }, () => sealer.open(text).reveal())
      : '[]'
    const parsed = config === undefined ? null : (JSON.parse(config) as AppConfig)
    return {
      config: parsed,
      endpoint: parsed === null ? '' : endpointKey(parsed),
      secrets: (JSON.parse(pairs) as [string, string, number | null][]).map(
        ([secretId, secret, expiresAt]) => ({
          id: secretId,
          secret: new Secret(secret),
          expiresAt,
        }),
      ),
    }
  }

  return {
    write(id, record, settings) {
      if (settings === undefined) return {}
      if (settings === null) return { config: null, c: null, closing: null }
      const { config, secrets, closingSince } = settings
      const text = JSON.stringify(secrets.map((each) => [each.id, each.secret.reveal(), each.expiresAt]))
      const generation = record.generation + 1
      return {
        config: JSON.stringify(config),
        c: sealer.seal({ text, account: id, generation, slot: 'secrets' }),
        closing: closingSince === undefined ? null : String(closingSince),
      }
    },
    /** Opening the secrets anew for each attempt would cost more than the attempt: once per version is enough. */
    read(id, record) {
      const { version, saveId } = record
      const known = seen.get(id)
      if (known?.version === version && known.saveId === saveId) return known.settings
      const settings = open(id, record)
      seen.set(id, { version, saveId, settings })
      return settings
    },
    forget(id) {
      if (id === undefined) seen.clear()
      else seen.delete(id)
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

/** The event of a change. A secret is known by its text and its client: another one under an old name is a fresh one. */
export function secretsUpdated(
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
