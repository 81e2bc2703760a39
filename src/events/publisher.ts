import { headers, type NatsConnection } from 'nats'
import { watchConnection } from '../bus/connection-watch.ts'
import { eventSubject, streamOf } from '../bus/subjects.ts'
import type { OutboxEntry } from '../redis/record.ts'
import { isTooLarge, isUnanswered, jetStreamCode, noMessageFound } from './jetstream-error.ts'
import { shortenedBody } from './shorten-event.ts'
import type { StreamKeeper } from './stream-keeper.ts'

/** The stream will never take this event, not even shortened. */
export class EventRefused extends Error {}

/** Of a message, for its headers. */
const headersAtMost = 1_024

export interface Publisher {
  /**
   * Resolves on the JetStream ack; what is larger than the server takes is stored shortened. Rejects with `EventRefused`
   * if it never can be. Rejects otherwise: then the event may or may not be stored; publish it again.
   */
  publish(entry: OutboxEntry): Promise<void>
  /**
   * Is the entry its subject's last message? For entries tried before and older than half the duplicate
   * window. Enough because an account's entries are published in order, each after the previous ack.
   */
  alreadyThere(entry: OutboxEntry): Promise<boolean>
  /** Is there a stream to publish to? */
  connected(): boolean
  stop(): void
}

/** Publishes events to JetStream, CloudEvents 1.0 in binary mode. `source` becomes `ce-source`. */
export function createPublisher({
  nats,
  source,
  streams: kept = { usable: () => true, suspect() {} },
}: {
  nats: NatsConnection
  source: string
  streams?: Pick<StreamKeeper, 'usable' | 'suspect'>
}): Publisher {
  const jetStream = nats.jetstream()
  const manager = nats.jetstreamManager({ checkAPI: false })
  const onLoss = new Set<(error: Error) => void>()
  const watch = watchConnection({
    nats,
    onDown() {
      for (const reject of onLoss) reject(new Error('The connection to NATS was lost before the ack.'))
    },
  })

  function requireConnection(): void {
    // nats.js keeps what is published while disconnected, then drops it without a word.
    if (!watch.connected()) throw new Error('NATS is not connected.')
  }

  function eventHeaders({ id, type, time }: OutboxEntry) {
    const event = headers()
    event.set('ce-specversion', '1.0')
    event.set('ce-id', id)
    event.set('ce-type', type)
    event.set('ce-source', source)
    event.set('ce-time', time)
    return event
  }

  async function send(entry: OutboxEntry, body: string): Promise<void> {
    const ack = jetStream.publish(eventSubject(entry.type, entry.ref.id), body, {
      msgID: entry.id,
      headers: eventHeaders(entry),
      expect: { streamName: streamOf(entry.type) },
    })
    try {
      await new Promise((resolve, reject) => {
        onLoss.add(reject)
        ack.then(resolve, reject).finally(() => onLoss.delete(reject))
      })
    } catch (error) {
      if (isUnanswered(error)) kept.suspect()
      throw error
    }
  }

  const fits = ({ body }: OutboxEntry) =>
    Buffer.byteLength(body) + headersAtMost <= (nats.info?.max_payload ?? Number.POSITIVE_INFINITY)

  return {
    connected: () => watch.connected() && kept.usable(),
    stop: watch.stop,

    async publish(entry) {
      requireConnection()
      try {
        if (fits(entry)) return await send(entry, entry.body)
      } catch (error) {
        // The stream may take less than the server.
        if (!isTooLarge(error)) throw error
      }
      try {
        await send(entry, shortenedBody(entry))
      } catch (error) {
        if (!isTooLarge(error)) throw error
        throw new EventRefused((error as Error).message, { cause: error })
      }
    },

    async alreadyThere(entry) {
      requireConnection()
      const { streams } = await manager
      try {
        const last = await streams.getMessage(streamOf(entry.type), {
          last_by_subj: eventSubject(entry.type, entry.ref.id),
        })
        return last.header.get('Nats-Msg-Id') === entry.id
      } catch (error) {
        if (jetStreamCode(error) === noMessageFound) return false
        throw error
      }
    },
  }
}
