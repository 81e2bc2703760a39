import type { NatsConnection, Subscription } from 'nats'
import type { Logger } from 'pino'
import { eventTypes } from '../bus/subjects.ts'
import { parseJson } from '../common/parse-json.ts'
import { createEventFilter, type EventFilter } from '../contract/event-filter.ts'
import { createEventPositions, positionText, readPosition } from './event-positions.ts'

export interface FeedEvent {
  readonly type: string
  /** Either `account` or `app` is set. */
  readonly account: string | undefined
  readonly app: string | undefined
  /** JSON, as published. */
  readonly body: string
}

export interface MissedEvents {
  readonly events: readonly FeedEvent[]
  /** More events were missed than are returned. */
  readonly gap: boolean
}

export interface EventFeed {
  /** Returns a function that removes the listener. */
  listen(listener: (event: FeedEvent) => void): () => void
  /** A position up to which all events have been delivered to every listener; undefined while none is known. */
  position(): string | undefined
  /** The events stored after a position; may repeat some that were already delivered. */
  since(position: string): Promise<MissedEvents>
  stop(): void
}

const pollInterval = 1_000
/** Milliseconds within which an event that is in the stream has also reached plain subscribers. */
const certainAfter = 2_000

/** All events as they are published. All listeners of this node share one set of subscriptions. */
export function createEventFeed({ nats, logger }: { nats: NatsConnection; logger: Logger }): EventFeed {
  const listeners = new Set<(event: FeedEvent) => void>()
  const positions = createEventPositions(nats.jetstreamManager({ checkAPI: false, timeout: 2_000 }))
  let subscriptions: Subscription[] = []
  let looking: NodeJS.Timeout | undefined
  let seen: { readonly text: string; readonly at: number }[] = []

  function subscribe(): void {
    // Start afresh: positions and seen ids from an earlier subscription are outdated.
    const accepts = createEventFilter()
    seen = []
    void look()
    looking = setInterval(look, pollInterval)
    subscriptions = eventTypes.map((type) =>
      nats.subscribe(`${type}.*`, {
        callback(error, message) {
          if (error !== null)
            return logger.error(
              { code: error.code, subject: `${type}.*` },
              'nats does not permit a subscription',
            )
          const event = validEvent(message, accepts)
          if (event !== undefined) for (const listener of listeners) listener(event)
        },
      }),
    )
  }

  async function look(): Promise<void> {
    const at = performance.now()
    try {
      seen.push({ text: positionText(await positions.now()), at })
    } catch {
      // While JetStream is unavailable nothing is stored, so the last known position stays valid.
    }
  }

  function unsubscribe(): void {
    clearInterval(looking)
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
    position() {
      const certain = seen.findLastIndex(({ at }) => performance.now() - at >= certainAfter)
      if (certain > 0) seen.splice(0, certain)
      return certain < 0 ? undefined : seen[0]?.text
    },
    async since(text) {
      const position = readPosition(text)
      if (position === undefined) return { events: [], gap: true }
      const { messages, gap } = await positions.since(position)
      const accepts = createEventFilter()
      return { gap, events: messages.flatMap((message) => validEvent(message, accepts) ?? []) }
    },
    stop() {
      listeners.clear()
      unsubscribe()
    },
  }
}

interface Stored {
  readonly subject: string
  readonly data: Uint8Array
}

function validEvent({ subject, data }: Stored, accepts: EventFilter): FeedEvent | undefined {
  const body = Buffer.from(data).toString()
  const event = accepts(subject, parseJson(body))
  if (event === undefined) return undefined
  const { type, of } = event
  return type.startsWith('app.')
    ? { type, account: undefined, app: of, body }
    : { type, account: of, app: undefined, body }
}
