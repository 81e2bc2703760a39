import type { Apps } from '../actors/app-actor.ts'
import type { EnabledApps } from '../actors/enabled-apps.ts'
import type { ChangedRecord } from '../events/changes.ts'
import type { Attempts } from '../refresh/attempts.ts'
import type { TokenCache } from '../tokens/cache.ts'
import type { Waiting } from '../tokens/waiters.ts'

export interface InvalidationOptions {
  readonly apps: Pick<Apps, 'forgetSettings'>
  readonly enabledApps: EnabledApps
  readonly cache: Pick<TokenCache, 'drop' | 'clear' | 'suspend' | 'resume'>
  readonly waiting: Pick<Waiting<never>, 'wake'>
  readonly attempts: Pick<Attempts, 'has' | 'superseded'>
}

/** What a node has in memory of stored records, and when it is no longer to be relied on. */
export interface Invalidation {
  /** A record was saved on another node. */
  changed(record: ChangedRecord): void
  /** Redis may have lost saves. */
  forgetAll(): void
  /** NATS is disconnected, so changes are missed. */
  suspend(): void
  resume(): void
}

export function createInvalidation(options: InvalidationOptions): Invalidation {
  const { apps, enabledApps, cache, waiting, attempts } = options
  return {
    changed({ kind, id, version }) {
      if (kind === 'app') {
        apps.forgetSettings(id)
        enabledApps.changed(id)
        return
      }
      cache.drop(id)
      waiting.wake(id)
      if (attempts.has(id)) attempts.superseded(id, version() ?? 0)
    },
    forgetAll() {
      apps.forgetSettings()
      enabledApps.clear()
      cache.clear()
    },
    suspend() {
      cache.suspend()
      enabledApps.suspend()
    },
    resume() {
      enabledApps.resume()
      cache.resume()
    },
  }
}
