import type { NatsConnection, Subscription } from 'nats'
import type { Logger } from 'pino'
import { decodeId } from './subject-token.ts'
import { eventTypes } from './subjects.ts'

export interface FedEvent {
  readonly type: string
  /** Whose: undefined for an event of an app. */
  readonly account: string | undefined
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
    subscriptions = eventTypes.map((type) =>
      nats.subscribe(`${type}.*`, {
        callback(error, message) {
          if (error !== null)
            return logger.error({ code: error.code, subject: `${type}.*` }, 'nats refused a subscription')
          const id = decodeId(message.subject.slice(type.length + 1))
          if (!id.ok) return
          const account = type.startsWith('app.') ? undefined : id.value
          const event = { type, account, body: message.string() }
          for (const listener of listeners) listener(event)
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
