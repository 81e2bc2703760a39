import { LRUCache } from 'lru-cache'
import type { Timers } from '../common/timers.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { StoredRecord } from '../redis/records.ts'
import type { Apps } from './app-actor.ts'

/** Held by everything cached of an app's accounts; false once the app was disabled. */
export interface EnabledMark {
  enabled: boolean
}

/** Which apps are enabled, in memory: an app's record is read once, and again whenever it was saved. */
export interface EnabledApps {
  /** Null while the app is disabled. */
  markOf(app: string): Promise<EnabledMark | null>
  isEnabled(app: string): Promise<boolean>
  /** The app was saved on some node; `saved` is its record, if on this one. */
  changed(app: string, saved?: Pick<StoredRecord, 'fields'>): void
  /** Redis may have lost a save, or announcements may have been missed. */
  clear(): void
  /** NATS is disconnected, so changes are missed: every question reads the record. */
  suspend(): void
  resume(): void
}

interface Entry {
  mark: EnabledMark
  readonly enabled: Promise<boolean>
  readonly readAt: number
}

const maxApps = 10_000
/** Milliseconds: as for cached tokens, in case an announcement is lost. */
const recheckAfter = 60_000

export function createEnabledApps({
  apps,
  timers,
}: {
  apps: Pick<Apps, 'look'>
  timers: Pick<Timers, 'elapsed'>
}): EnabledApps {
  // An evicted mark would miss the next change.
  const known = new LRUCache<string, Entry>({
    max: maxApps,
    dispose: ({ mark }, _, reason) => {
      if (reason !== 'set') mark.enabled = false
    },
  })
  let suspended = false

  async function read(app: string): Promise<boolean> {
    try {
      return isOn((await apps.look(app)).config)
    } catch (error) {
      // Only newer nodes can read its settings; its accounts' tokens are served meanwhile.
      if (error instanceof NewerForm) return true
      throw error
    }
  }

  /** The mark stays good while the record is read again, so that an app's ordinary saves cost no cached token. */
  function renew(app: string, mark: EnabledMark): Entry {
    const enabled = read(app)
    const entry = { mark, enabled, readAt: timers.elapsed() }
    if (!suspended) known.set(app, entry)
    enabled.then(
      (on) => {
        if (!on) mark.enabled = false
      },
      () => {
        mark.enabled = false
        if (known.peek(app) === entry) known.delete(app)
      },
    )
    return entry
  }

  function current(app: string): Entry {
    const entry = suspended ? undefined : known.get(app)
    if (entry !== undefined && timers.elapsed() - entry.readAt < recheckAfter) return entry
    return renew(app, entry?.mark ?? { enabled: !suspended })
  }

  async function markOf(app: string): Promise<EnabledMark | null> {
    const entry = current(app)
    if (!(await entry.enabled)) return null
    // Disabled and enabled again meanwhile: what was cached before stays dropped.
    if (!entry.mark.enabled) entry.mark = { enabled: known.peek(app) === entry }
    return entry.mark
  }

  return {
    markOf,
    isEnabled: (app) => current(app).enabled,
    changed(app, saved) {
      const entry = known.peek(app)
      if (entry === undefined) return
      const { config } = saved?.fields ?? {}
      if (config !== undefined && !isOn(JSON.parse(config))) entry.mark.enabled = false
      renew(app, entry.mark)
    },
    clear: () => known.clear(),
    suspend() {
      suspended = true
      known.clear()
    },
    resume() {
      known.clear()
      suspended = false
    },
  }
}

const isOn = (config: AppConfig | null) => config?.enabled !== false
