import { DeliverPolicy, type NatsConnection } from 'nats'

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
  const manager = await nats.jetstreamManager()
  const { state, config } = await manager.streams.info('TOKENBUS_HISTORY')
  const last = new Map<string, number>()
  const gaps: { account: string; before: number; after: number; readThen: number }[] = []
  const readOf = new Map<string, number>()
  const ids = new Set<string>()
  const count = { 'events missing': 0, 'events doubled': 0, 'events out of order': 0 }
  let read = state.first_seq - 1
  for (let idle = 0; state.messages > 0 && read < state.last_seq; idle++) {
    if (idle === mostIdle) throw new Error(`the stream ends at ${read}, and says at ${state.last_seq}`)
    // Anew each time: a consumer goes with the server it was made on.
    const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: read + 1 }
    const consumer = await nats.jetstream().consumers.get('TOKENBUS_HISTORY', from)
    const messages = await consumer.fetch({ max_messages: batch, expires: 2_000 })
    // A request for messages that goes with a server is never answered.
    const giveUp = setTimeout(() => messages.stop(), 10_000)
    for await (const message of messages) {
      const { id, account, version } = message.json<{ id: string; account: string; version: number }>()
      const before = last.get(account)
      if (before === version || ids.has(id)) count['events doubled']++
      else if (before !== undefined && version < before) count['events out of order']++
      else if (before !== undefined && version > before + 1)
        gaps.push({ account, before, after: version, readThen: readOf.get(account) ?? 0 })
      readOf.set(account, (readOf.get(account) ?? 0) + 1)
      last.set(account, Math.max(version, before ?? 0))
      ids.add(id)
      read = message.seq
      idle = 0
    }
    clearTimeout(giveUp)
  }
  for (const { account, before, after, readThen } of gaps) {
    // The stream goes on meanwhile: what is older than it retains may have been dropped before it was read.
    if ((readOf.get(account) ?? 0) - readThen >= config.max_msgs_per_subject - mostMeanwhile) continue
    count['events missing']++
    say(`${account}: ${after} comes after ${before}`)
  }
  return count
}

const batch = 1_000
const mostIdle = 10
/** Transitions of one account in the time that all are read. */
const mostMeanwhile = 50
