import { AckPolicy, DeliverPolicy, type NatsConnection, nanos } from 'nats'
import { eventually } from './eventually.ts'

/** Every version of every account is there once, in order, as far as the stream retains them: these must be 0. */
export interface EventFindings {
  readonly 'events missing': number
  readonly 'events doubled': number
  readonly 'events out of order': number
}

export async function judgeEvents(
  nats: NatsConnection,
  say: (line: string) => void = () => {},
): Promise<EventFindings> {
  const manager = await nats.jetstreamManager({ checkAPI: false })
  const { state, config } = await eventually(() => manager.streams.info(stream), patience)
  const last = new Map<string, number>()
  const gaps: { account: string; before: number; after: number; readThen: number }[] = []
  const readOf = new Map<string, number>()
  const ids = new Set<string>()
  const count = { 'events missing': 0, 'events doubled': 0, 'events out of order': 0 }
  let read = state.first_seq - 1
  while (state.messages > 0 && read < state.last_seq) {
    const messages = await eventually(() => readAfter(nats, read), patience)
    for (const { seq, id, account, version } of messages) {
      const before = last.get(account)
      if (before === version || ids.has(id)) count['events doubled']++
      else if (before !== undefined && version < before) count['events out of order']++
      else if (before !== undefined && version > before + 1)
        gaps.push({ account, before, after: version, readThen: readOf.get(account) ?? 0 })
      readOf.set(account, (readOf.get(account) ?? 0) + 1)
      last.set(account, Math.max(version, before ?? 0))
      ids.add(id)
      read = seq
    }
  }
  for (const { account, before, after, readThen } of gaps) {
    // The stream continues, and may drop old messages before they are read.
    if ((readOf.get(account) ?? 0) - readThen >= config.max_msgs_per_subject - maxMeanwhile) continue
    count['events missing']++
    say(`${account}: ${after} comes after ${before}`)
  }
  return count
}

/**
 * The next transitions, at least one; rejects without. A consumer is made each time, since it goes with the server it
 * was made on, and a plain one: an ordered consumer whose server is killed waits for ever.
 */
async function readAfter(nats: NatsConnection, read: number): Promise<Transition[]> {
  const manager = await nats.jetstreamManager({ checkAPI: false })
  const info = await manager.consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: read + 1,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(10_000),
  })
  const consumer = nats.jetstream().consumers.getPullConsumerFor(info)
  const found: Transition[] = []
  for await (const message of await consumer.fetch({ max_messages: 1_000, expires: 2_000 })) {
    // One was lost on the way here.
    if (message.info.deliverySequence !== found.length + 1) break
    found.push({ ...message.json<Transition>(), seq: message.seq })
  }
  if (found.length === 0) throw new Error(`the stream says nothing after ${read}`)
  return found
}

interface Transition {
  readonly seq: number
  readonly id: string
  readonly account: string
  readonly version: number
}

const stream = 'TOKENBUS_HISTORY'
const patience = { every: 250 }
/** Transitions of one account in the time that all are read. */
const maxMeanwhile = 50
