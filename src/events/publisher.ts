import type { NatsConnection } from 'nats'
import { watchConnection } from '../bus/connection-watch.ts'
import { eventSubject, streamOf } from '../bus/subjects.ts'
import type { OutboxEntry } from '../redis/record.ts'
import { createAckedPublishes } from './acked-publish.ts'
import { isTooLarge, isUnanswered, jetStreamCode, noMessageFound } from './jetstream-error.ts'
import { shortenedBody } from './shorten-event.ts'
import type { StreamKeeper } from './stream-keeper.ts'

/** The stream rejects this event permanently, even shortened. */
export class EventRefused extends Error {}

/** Bytes reserved for a message's headers. */
const headersAtMost = 1_024

export interface Publisher {
  /**
   * Resolves on the JetStream ack; an event larger than the server's limit is stored shortened. Rejects with `EventRefused`
   * if it can never be stored. After any other rejection the event may or may not be stored: publish it again.
   */
  publish(entry: OutboxEntry): Promise<void>
  /**
   * True if the entry is the last message of its subject. For entries older than half the duplicate window, which the stream
   * may no longer recognise as duplicates; sufficient because an account's entries are published in order.
   */
  alreadyThere(entry: OutboxEntry): Promise<boolean>
  /** True if NATS is connected and the streams are usable. */
  connected(): boolean
  stop(): void
}

/** Publishes events to JetStream, CloudEvents 1.0 in binary mode. `source` becomes `ce-source`. */
export function createPublisher({
  nats,
  source,
  streams: kept = { usable: () => true, recheck() {} },
}: {
  nats: NatsConnection
  source: string
  streams?: Pick<StreamKeeper, 'usable' | 'recheck'>
}): Publisher {
  const acked = createAckedPublishes(nats)
  const manager = nats.jetstreamManager({ checkAPI: false })
  const watch = watchConnection({
    nats,
    onDown() {
      acked.rejectAll(new Error('The connection to NATS was lost before the ack.'))
    },
  })

  function requireConnection(): void {
    // nats.js buffers what is published while disconnected, and then silently drops it.
    if (!watch.connected()) throw new Error('NATS is not connected.')
  }

  function eventHeaders({ id, type, time }: OutboxEntry) {
    return {
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-type': type,
      'ce-source': source,
      'ce-time': time,
      'Nats-Msg-Id': id,
      'Nats-Expected-Stream': streamOf(type),
    }
  }

  async function send(entry: OutboxEntry, body: string): Promise<void> {
    try {
      await acked.publish({
        subject: eventSubject(entry.type, entry.ref.id),
        body,
        headers: eventHeaders(entry),
      })
    } catch (error) {
      if (isUnanswered(error)) kept.recheck()
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
        // The stream's limit may be lower than the server's.
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
