import type { NatsConnection, Subscription } from 'nats'
import type { Logger } from 'pino'
import { eventTypes } from '../bus/subjects.ts'
import { parseJson } from '../common/parse-json.ts'
import { createEventFilter, type EventFilter } from '../contract/event-filter.ts'
import { createEventPositions, positionText, readPosition } from './event-positions.ts'

export interface FedEvent {
  readonly type: string
  /** Whose: of the two, the other is undefined. */
  readonly account: string | undefined
  readonly app: string | undefined
  /** JSON, as published. */
  readonly body: string
}

export interface MissedEvents {
  readonly events: readonly FedEvent[]
  /** There is more that was missed, and is not told any more. */
  readonly gap: boolean
}

export interface EventFeed {
  /** Answers how to hear no more. */
  listen(listener: (event: FedEvent) => void): () => void
  /** Everything up to there has been told to every listener; undefined while that is not known. */
  position(): string | undefined
  /** What was stored after a position, in some doubt also what was told before. */
  since(position: string): Promise<MissedEvents>
  stop(): void
}

const lookEvery = 1_000
/** What a stream has stored reaches a subscriber on another way, and within this time. */
const certainAfter = 2_000

/** Every event as it is published, for the readers on this node; the bus is asked once for all of them. */
export function createEventFeed({ nats, logger }: { nats: NatsConnection; logger: Logger }): EventFeed {
  const listeners = new Set<(event: FedEvent) => void>()
  const positions = createEventPositions(nats.jetstreamManager({ checkAPI: false, timeout: 2_000 }))
  let subscriptions: Subscription[] = []
  let looking: NodeJS.Timeout | undefined
  let seen: { readonly text: string; readonly at: number }[] = []

  function subscribe(): void {
    // Nothing is heard while nobody listens: what was known then may be old.
    const accepts = createEventFilter()
    seen = []
    void look()
    looking = setInterval(look, lookEvery)
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

  async function look(): Promise<void> {
    const at = performance.now()
    try {
      seen.push({ text: positionText(await positions.now()), at })
    } catch {
      // While JetStream is away its last known position stays true.
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
      return { gap, events: messages.flatMap((message) => believed(message, accepts) ?? []) }
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

function believed({ subject, data }: Stored, accepts: EventFilter): FedEvent | undefined {
  const body = Buffer.from(data).toString()
  const event = accepts(subject, parseJson(body))
  if (event === undefined) return undefined
  const { type, of } = event
  return type.startsWith('app.')
    ? { type, account: undefined, app: of, body }
    : { type, account: of, app: undefined, body }
}
