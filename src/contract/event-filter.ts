import { type Announced, announcedOn, isNewer, type Moment } from './announced.ts'

/** What the event says, if it is to be believed. A second delivery is not: ask once for each. */
export type EventFilter = (subject: string, body: unknown) => Announced | undefined

interface Known extends Moment {
  /** One save may announce several things. */
  readonly ids: string[]
}

/** A forged time far ahead must not silence an account for longer than this; nor may a clock that is this far behind. */
const farthestAhead = 3_600_000
const mostOfOneSave = 16

/**
 * Believes an event that is about what its subject names, and is newer, by version or by time, than the last one believed
 * of the same account or app. `max`: of how many of them it remembers that.
 */
export function createEventFilter({ max = 10_000 } = {}): EventFilter {
  const known = new Map<string, Known>()

  return (subject, body) => {
    const event = announcedOn(subject, body)
    if (event === undefined) return undefined
    const key = `${event.type.startsWith('app.') ? 'app' : 'account'}:${event.of}`
    const last = known.get(key)
    const time = Math.min(event.time, Date.now() + farthestAhead)
    const { version, id } = event
    if (last?.version === version && last.time === time) return addTo(last, id) ? event : undefined
    if (last !== undefined && !isNewer({ version, time }, last)) return undefined
    known.delete(key)
    known.set(key, { version, time, ids: [id] })
    if (known.size > max) known.delete(known.keys().next().value as string)
    return event
  }
}

/** False for a repeat, and for more than one save announces. */
function addTo({ ids }: Known, id: string): boolean {
  if (ids.includes(id) || ids.length === mostOfOneSave) return false
  ids.push(id)
  return true
}
