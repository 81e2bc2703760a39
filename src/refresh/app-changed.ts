import type { App } from '../actors/app-actor.ts'
import { type Failure, fromRefusal } from '../actors/attempt-failure.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { Refusal } from '../provider/classified.ts'
import { movedSettings } from '../provider/grant-place.ts'

export interface Moved {
  readonly refusal: Refusal
  /** Where the grant last worked. */
  readonly place: GrantPlace | undefined
  readonly app: App
}

/**
 * What a refusal means for a grant whose app is another than the one it last worked with: an operator may have made a
 * mistake, and undoing it must bring the grant back. Null where the refusal means what it says.
 */
export function refusalOfMoved({ refusal, place, app }: Moved): Failure | null {
  const { config, record } = app
  if (config === null) return null
  const settings = record.generation
  // Nothing was sent, and nothing will be while the app stays as it is: there is no use in looking again.
  if (refusal.reason === 'app_changed' && !refusal.sent)
    return { ...fromRefusal(refusal), settings, wakes: false }
  const moved = movedSettings(place, config)
  if (moved.length === 0 || !'ARS'.includes(refusal.class)) return null
  return {
    ...fromRefusal(refusal),
    class: 'S',
    reason: 'app_changed',
    action: `restore the app's ${moved.join(' and ')}, or ask the user to reconnect`,
    recoverable: true,
    settings,
  }
}
