import type { App } from '../actors/app-actor.ts'
import { type Failure, fromRefusal } from '../actors/attempt-failure.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import { causedBy, withValues } from '../contract/reasons.ts'
import type { Refusal } from '../provider/classified.ts'
import { movedSettings } from '../provider/grant-place.ts'

export interface Moved {
  readonly refusal: Refusal
  /** The endpoints at which the grant last worked. */
  readonly place: GrantPlace | undefined
  readonly app: App
}

/**
 * The failure of a grant whose app has changed since it last worked: the change may be a mistake, and undoing it must revive
 * the grant. Null if the refusal is to be taken literally.
 */
export function refusalOfMoved({ refusal, place, app }: Moved): Failure | null {
  const { config, record } = app
  if (config === null) return null
  const settings = record.generation
  // Nothing is sent while the app stays unchanged, so probing is useless.
  if (refusal.reason === 'app_changed' && !refusal.sent)
    return { ...fromRefusal(refusal), settings, wakes: false }
  const moved = movedSettings(place, config)
  if (moved.length === 0 || !'ARS'.includes(refusal.class)) return null
  return {
    ...fromRefusal(refusal),
    ...withValues(causedBy('app_changed', 'settings'), { settings: moved.join(' and ') }),
    class: 'S',
    recoverable: true,
    settings,
  }
}
