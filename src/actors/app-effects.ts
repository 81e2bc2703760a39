import { randomUUID } from 'node:crypto'
import type { AppContext, AppEffect, AppEvent } from '../../machines/index.ts'
import type { OutboxEntry } from '../redis/records.ts'
import type { Taken } from './actor.ts'
import type { AppSettings } from './stored-settings.ts'

export type AppStep = Taken<{ value: unknown; context: AppContext }, AppEvent, AppEffect, AppSettings>

type AppAnnouncement = Extract<AppEffect, { type: `app.${string}` }>
/** The effects of an app's transition, sorted. */
export type AppCommand = Exclude<AppEffect, AppAnnouncement>

export interface AppWork {
  /** Saved with the state, in the outbox, and published from there. */
  readonly events: readonly OutboxEntry[]
  /** Performed once the save is certain. */
  readonly commands: readonly AppCommand[]
}

/** Sorts a transition's effects into what is published and what is performed. Runs again after a lost save. */
export function workOf(step: AppStep): AppWork {
  const events: OutboxEntry[] = []
  const commands: AppCommand[] = []
  for (const effect of step.effects) {
    switch (effect.type) {
      case 'accounts.wake':
      case 'account.probe':
      case 'control.send':
      case 'baseline.learn':
        commands.push(effect)
        break
      case 'app.refused':
      case 'app.secret-expiring':
      case 'app.secret-expired':
      case 'app.secret-restored':
        events.push(entryOf(step, effect))
        break
      default:
        effect satisfies never
    }
  }
  return { events, commands }
}

function entryOf({ id, record, event }: AppStep, { type, ...details }: AppAnnouncement): OutboxEntry {
  const eventId = randomUUID()
  const time = new Date(event.at).toISOString()
  const body = JSON.stringify({ id: eventId, type, time, app: id, version: record.version + 1, ...details })
  return { id: eventId, type, time, ref: { kind: 'app', id }, body }
}
