import type { Msg, NatsConnection, Subscription } from 'nats'
import type { Logger } from 'pino'
import { parseJson } from '../provider/parse-json.ts'
import { createEventFilter, type EventFilter } from './event-filter.ts'
import { eventTypes } from './subjects.ts'

export interface FedEvent {
  readonly type: string
  /** Whose: of the two, the other is undefined. */
  readonly account: string | undefined
  readonly app: string | undefined
  /** JSON, as published. */
  readonly body: string
}

export interface EventFeed {
  /** Answers how to hear no more. */
  listen(listener: (event: FedEvent) => void): () => void
  stop(): void
}

/** Every event as it is published, for the readers on this node; the bus is asked once for all of them. */
export function createEventFeed({ nats, logger }: { nats: NatsConnection; logger: Logger }): EventFeed {
  const listeners = new Set<(event: FedEvent) => void>()
  let subscriptions: Subscription[] = []

  function subscribe(): void {
    // Nothing is heard while nobody listens: what was known then may be old.
    const accepts = createEventFilter()
    subscriptions = eventTypes.map((type) =>
      nats.subscribe(`${type}.*`, {
        callback(error, message) {
          if (error !== null)
            return logger.error({ code: error.code, subject: `${type}.*` }, 'nats refused a subscription')
          const event = believed(message, accepts)
          if (event !== undefined) for (const listener of listeners) listener(event)
        },
      }),
    )
  }

  function unsubscribe(): void {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe()
  }

  return {
    listen(listener) {
      if (listeners.size === 0) subscribe()
      listeners.add(listener)
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) unsubscribe()
      }
    },
    stop() {
      listeners.clear()
      unsubscribe()
    },
  }
}

function believed({ subject, data }: Msg, accepts: EventFilter): FedEvent | undefined {
  const body = Buffer.from(data).toString()
  const event = accepts(subject, parseJson(body))
  if (event === undefined) return undefined
  const { type, of } = event
  return type.startsWith('app.')
    ? { type, account: undefined, app: of, body }
    : { type, account: of, app: undefined, body }
}
