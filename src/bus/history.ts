import { AckPolicy, DeliverPolicy, type JetStreamManager, type NatsConnection, NatsError, nanos } from 'nats'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { TransitionRecord } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import { eventSubject } from './subjects.ts'

const stream = 'TOKENBUS_HISTORY'
const recordSchema = z.looseObject({ id: z.string(), account: z.string(), version: z.number() })

export interface History {
  /** The account's last `limit` recorded transitions, oldest first. `history_unavailable` without JetStream. */
  read(account: string, limit: number): Promise<Result<TransitionRecord[]>>
}

/** Each read makes a consumer on the server, hence `concurrency`. `timeout` in milliseconds, for each of its two steps. */
export function createHistory({
  nats,
  concurrency = 8,
  timeout = 1_500,
}: {
  nats: NatsConnection
  concurrency?: number
  timeout?: number
}): History {
  const jetStream = nats.jetstream({ timeout })
  const manager = nats.jetstreamManager({ checkAPI: false, timeout })
  const limited = pLimit(concurrency)

  async function fetchAll(account: string): Promise<Uint8Array[] | 'incomplete'> {
    const { consumers } = await manager
    const info = await addConsumer({ consumers, account })
    const consumer = jetStream.consumers.getPullConsumerFor(info)
    try {
      if (info.num_pending === 0) return []
      const messages = await consumer.fetch({ max_messages: info.num_pending, expires: timeout })
      const found: Uint8Array[] = []
      for await (const message of messages) {
        found.push(message.data)
        if (message.info.deliverySequence !== found.length) break
        if (message.info.pending === 0) return found
      }
      return 'incomplete'
    } finally {
      void consumer.delete().catch(() => {})
    }
  }

  return {
    async read(account, limit) {
      const unavailable = fail('history_unavailable', 'JetStream cannot be reached, try again', { account })
      try {
        const messages = await limited(() => fetchAll(account))
        return messages === 'incomplete' ? unavailable : ok(messages.slice(-limit).map(parseRecord))
      } catch (error) {
        if (error instanceof NatsError) return unavailable
        throw error
      }
    },
  }
}

function addConsumer({ consumers, account }: { consumers: JetStreamManager['consumers']; account: string }) {
  return consumers.add(stream, {
    filter_subject: eventSubject('account.transition', account),
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.None,
    max_deliver: 1,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(5_000),
  })
}

function parseRecord(bytes: Uint8Array): TransitionRecord {
  return recordSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
}
