import { AckPolicy, DeliverPolicy, type JetStreamManager, type NatsConnection, NatsError, nanos } from 'nats'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { eventSubject } from '../bus/subjects.ts'
import { parseJson } from '../common/parse-json.ts'
import type { AccountTransition } from '../contract/account.ts'
import { announcedOn } from '../contract/announced.ts'
import { fail, ok, type Result } from '../contract/failures.ts'

const stream = 'TOKENBUS_HISTORY'

export interface History {
  /**
   * The account's last `limit` transitions, oldest first; other messages on its subject are skipped.
   * Fails with `history_unavailable` without JetStream.
   */
  read(account: string, limit: number): Promise<Result<AccountTransition[]>>
}

/** Each read creates a consumer on the server, hence the limit `concurrency`. `timeout`: milliseconds for each of two steps. */
export function createHistory({
  nats,
  concurrency = 8,
  timeout = 1_500,
  logger,
}: {
  nats: NatsConnection
  logger?: Logger
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

  function recordsIn(account: string, messages: readonly Uint8Array[]): AccountTransition[] {
    const subject = eventSubject('account.transition', account)
    const records = messages.flatMap((bytes) => parseRecord(subject, bytes) ?? [])
    const skipped = messages.length - records.length
    if (skipped > 0)
      logger?.warn(
        { account, skipped },
        'skipped messages in the history that are not transitions of this account',
      )
    return records
  }

  return {
    async read(account, limit) {
      const unavailable = fail('history_unavailable', 'JetStream cannot be reached, try again', { account })
      try {
        const messages = await limited(() => fetchAll(account))
        return messages === 'incomplete' ? unavailable : ok(recordsIn(account, messages).slice(-limit))
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

function parseRecord(subject: string, bytes: Uint8Array): AccountTransition | undefined {
  const body = parseJson(new TextDecoder().decode(bytes))
  return announcedOn(subject, body) === undefined ? undefined : (body as AccountTransition)
}
