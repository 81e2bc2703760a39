import { type Announced, announcedOn, isNewer, type Moment } from './announced.ts'

/** The event's common fields if it is accepted, else undefined. A repeat is not accepted, so call it once per message. */
export type EventFilter = (subject: string, body: unknown) => Announced | undefined

interface LastAccepted extends Moment {
  /** The ids of the events of this save; one save may publish several. */
  readonly ids: string[]
}

/** Bounds how long a forged time in the future, or a local clock that is behind, can suppress an account's real events. */
const maxAhead = 3_600_000
const maxPerSave = 16

/**
 * Accepts an event whose body matches its subject and which is newer, by version or by time, than the last one accepted
 * for the same account or app.
 *
 * @example
 * ```ts
 * const accept = createEventFilter()
 * for await (const message of await consumer.consume()) {
 *   if (accept(message.subject, message.json())) await handle(message)
 *   message.ack()
 * }
 * ```
 */
export function createEventFilter({
  max = 10_000,
}: {
  /** The number of accounts and apps that are remembered; by default 10,000. */
  readonly max?: number
} = {}): EventFilter {
  const known = new Map<string, LastAccepted>()

  return (subject, body) => {
    const event = announcedOn(subject, body)
    if (event === undefined) return undefined
    const key = `${event.type.startsWith('app.') ? 'app' : 'account'}:${event.of}`
    const last = known.get(key)
    const time = Math.min(event.time, Date.now() + maxAhead)
    const { version, id } = event
    if (last?.version === version && last.time === time) return addTo(last, id) ? event : undefined
    if (last !== undefined && !isNewer({ version, time }, last)) return undefined
    known.delete(key)
    known.set(key, { version, time, ids: [id] })
    if (known.size > max) known.delete(known.keys().next().value as string)
    return event
  }
}

/** False for a repeat, and for more events than one save publishes. */
function addTo({ ids }: LastAccepted, id: string): boolean {
  if (ids.includes(id) || ids.length === maxPerSave) return false
  ids.push(id)
  return true
}
