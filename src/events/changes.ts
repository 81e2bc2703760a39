import type { Msg, NatsConnection, NatsError } from 'nats'
import type { Logger } from 'pino'
import { z } from 'zod'
import { watchConnection } from '../bus/connection-watch.ts'
import { changedSubject } from '../bus/subjects.ts'
import { StartError } from '../common/start-error.ts'
import { idSchema } from '../contract/fields.ts'
import { decodeId } from '../contract/subject-token.ts'

/** A record was saved by some node. Unauthenticated, so it may only cause cached data to be dropped, never be taken as data. */
export const changeSchema = z.strictObject({
  kind: z.enum(['account', 'app']),
  id: idSchema,
  version: z.int().nonnegative(),
  /** The id of the save; null if only its event is known. */
  save: z.string().max(64).nullable(),
})

export type Change = z.output<typeof changeSchema>

export interface ChangedRecord {
  readonly kind: Change['kind']
  readonly id: string
  /** Parsed on demand; undefined if it cannot be parsed. */
  version(): number | undefined
}

export interface ChangeWatch {
  connected(): boolean
  /** All nodes announce their saves now, so the subscriptions to events end. */
  oldNodesGone(): void
  stop(): void
}

/** Announces saves on core NATS, so it works without JetStream. Never throws. */
export function announceChanges({ nats, logger }: { nats: NatsConnection; logger?: Logger }) {
  return (change: Change): void => {
    try {
      if (!nats.isClosed()) nats.publish(changedSubject, JSON.stringify(change))
    } catch (error) {
      logger?.debug({ err: error }, 'a save could not be announced')
    }
  }
}

/** Older nodes do not announce their saves; these events of theirs invalidate instead, until the upgrade is finished. */
const eventsOfOldNodes = ['account.transition', 'account.removed'] as const

const maxSize = 4_096
const eventSchema = z.looseObject({ version: z.int().nonnegative() })

/**
 * Calls `onChange` for every record saved by any node; resolves once the subscriptions are active. Changes are missed while
 * the connection is down: caches must not be used between `onDown` and `onUp`.
 */
export async function watchChanges({
  nats,
  onChange,
  onDown,
  onUp,
  logger,
}: {
  nats: NatsConnection
  onChange: (changed: ChangedRecord) => void
  onDown?: () => void
  onUp?: () => void
  logger?: Logger
}): Promise<ChangeWatch> {
  let refused: NatsError | undefined
  const connection = watchConnection({ nats, ...(onDown && { onDown }), ...(onUp && { onUp }) })

  // An exception in a callback would end the connection's read loop.
  function handle(message: Msg, read: (message: Msg) => ChangedRecord | undefined): void {
    try {
      const changed = read(message)
      if (changed !== undefined) onChange(changed)
    } catch (error) {
      logger?.error({ err: error }, 'a change could not be handled')
    }
  }

  function subscribe(subject: string, read: (message: Msg) => ChangedRecord | undefined) {
    return nats.subscribe(subject, {
      callback(error, message) {
        if (error === null) return handle(message, read)
        refused = error
        logger?.error({ code: error.code, subject }, 'nats does not permit a subscription')
        onDown?.()
      },
    })
  }

  const announced = subscribe(changedSubject, readChange)
  const events = eventsOfOldNodes.map((type) =>
    subscribe(`${type}.*`, (message) => readEvent(message, type.length + 1)),
  )
  const dropEvents = () => {
    for (const subscription of events.splice(0)) subscription.unsubscribe()
  }

  await nats.flush()
  if (refused !== undefined)
    throw new StartError(
      `The NATS user lacks the permission to subscribe to ${changedSubject}, account.transition.* and account.removed.*.`,
      { cause: refused },
    )
  return {
    connected: connection.connected,
    oldNodesGone: dropEvents,
    stop() {
      connection.stop()
      announced.unsubscribe()
      dropEvents()
    },
  }
}

function readChange(message: Msg): ChangedRecord | undefined {
  if (message.data.length === 0 || message.data.length > maxSize) return undefined
  const parsed = changeSchema.safeParse(jsonOf(message))
  if (!parsed.success) return undefined
  const { kind, id, version } = parsed.data
  return { kind, id, version: () => version }
}

function readEvent(message: Msg, prefix: number): ChangedRecord | undefined {
  const id = decodeId(message.subject.slice(prefix))
  if (!id.ok || message.data.length === 0) return undefined
  const version = () => eventSchema.safeParse(jsonOf(message)).data?.version
  return { kind: 'account', id: id.value, version }
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
