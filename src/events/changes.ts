import type { Msg, NatsConnection, NatsError } from 'nats'
import type { Logger } from 'pino'
import { z } from 'zod'
import { watchConnection } from '../bus/connection-watch.ts'
import { changedSubject } from '../bus/subjects.ts'
import { StartError } from '../common/start-error.ts'
import { idSchema } from '../contract/fields.ts'
import { decodeId } from '../contract/subject-token.ts'

/** A record was saved, on whichever node. Reason enough to drop what is remembered of it; nothing more is to be believed. */
export const changeSchema = z.strictObject({
  kind: z.enum(['account', 'app']),
  id: idSchema,
  version: z.int().nonnegative(),
  /** The id of the save; null where only its event is known. */
  save: z.string().max(64).nullable(),
})

export type Change = z.output<typeof changeSchema>

export interface ChangedRecord {
  readonly kind: Change['kind']
  readonly id: string
  /** Read when asked for; undefined where it cannot be read. */
  version(): number | undefined
}

export interface ChangeWatch {
  connected(): boolean
  /** Every node announces its saves now: their events need not be heard as well. */
  oldNodesGone(): void
  stop(): void
}

/** Announces a save on core NATS, for which JetStream need not be there. Never throws. */
export function announceChanges({ nats, logger }: { nats: NatsConnection; logger?: Logger }) {
  return (change: Change): void => {
    try {
      if (!nats.isClosed()) nats.publish(changedSubject, JSON.stringify(change))
    } catch (error) {
      logger?.debug({ err: error }, 'a change could not be announced')
    }
  }
}

/** What nodes that do not announce their saves publish of an account: listened to while there may be some. */
const eventsOfOldNodes = ['account.transition', 'account.removed'] as const

const maxSize = 4_096
const eventSchema = z.looseObject({ version: z.int().nonnegative() })

/**
 * Tells of every record that was saved, on whichever node; resolves once the server sends. While the connection is down
 * changes are missed: between `onDown` and `onUp` nothing remembered can be trusted.
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

  // A throw in a callback would end the reading of the connection.
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
        logger?.error({ code: error.code, subject }, 'nats refused a subscription')
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
