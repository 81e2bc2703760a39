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
  /** Milliseconds; null if it has no known expiry. */
  readonly expiresAt: number | null
}

/** An app with everything a token request needs. `config` is null if there is no such app. */
export interface App {
  readonly state: AppState
  readonly context: AppContext
  readonly config: AppConfig | null
  readonly secrets: readonly ClientSecret[]
  /** When its deletion began (ms); null if it is not being deleted. */
  readonly closingSince: number | null
  /** Identifies token endpoint, tenant and client; empty if there is no such app. */
  readonly endpoint: string
  readonly record: StoredRecord
}

/** Data that accompanies an event and is stored beside the state; `null` removes the app. */
export type AppSettings = {
  readonly config: AppConfig
  readonly secrets: readonly ClientSecret[]
  /** Set by a deletion; any other change cancels it. */
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
  /** Invalidates one app, or all. */
  forget(id?: string): void
}

/** Maximum number of cached decrypted settings. */
const maxSettings = 1_000

/** Reads and writes an app's configuration and encrypted secrets in its record. */
export function createStoredSettings({ sealer, newerForms }: StoredSettingsOptions): StoredSettings {
  const seen = new LRUCache<string, Revision & { settings: Settings }>({ max: maxSettings })

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
    /** Cached per version, because decrypting the secrets costs more than an attempt. */
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

/** True if the secrets would now be sent to another endpoint or as another client. */
function isSameClient(before: AppConfig | null, after: AppConfig): boolean {
  return (['clientId', 'tenant', 'issuer', 'tokenUrl', 'refreshUrl'] as const).every(
    (name) => before?.[name] === after[name],
  )
}

/** Discovered values do not count as a change. */
function isChanged(before: AppConfig | null, after: AppConfig): boolean {
  if (before === null) return false
  const text = ({ pinned, ...config }: AppConfig) => JSON.stringify({ ...config, moves: pinned?.moves })
  return text(before) !== text(after)
}

/** The event of a change. A secret is identified by its text and client, so a new text under an old id counts as fresh. */
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
  const isOn = settings !== null && settings.config.enabled !== false
  // While it is disabled there is nothing to wake its accounts for.
  const changed =
    !isNew && isOn && (isChanged(app.config, settings.config) || secrets.some(({ fresh }) => fresh))
  const enabledAgain = isOn && app.config?.enabled === false
  const how = { ...(changed && { changed }), ...(enabledAgain && { enabledAgain }) }
  return { type: 'app.secret-updated', at, id: eventId, secrets, ...how }
}
