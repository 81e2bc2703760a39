import type { NatsConnection } from 'nats'

/** Every version of every account is there once, in order, as far as the stream retains them: these must be 0. */
export interface EventFindings {
  readonly 'events missing': number
  readonly 'events doubled': number
  readonly 'events out of order': number
}

export async function judgeEvents(nats: NatsConnection): Promise<EventFindings> {
  const manager = await nats.jetstreamManager()
  const { state } = await manager.streams.info('TOKENBUS_HISTORY')
  const last = new Map<string, number>()
  const ids = new Set<string>()
  const count = { 'events missing': 0, 'events doubled': 0, 'events out of order': 0 }
  if (state.messages === 0) return count
  const consumer = await nats.jetstream().consumers.get('TOKENBUS_HISTORY', {})
  for await (const message of await consumer.consume()) {
    const { id, account, version } = message.json<{ id: string; account: string; version: number }>()
    const before = last.get(account)
    if (before === version || ids.has(id)) count['events doubled']++
    else if (before !== undefined && version < before) count['events out of order']++
    else if (before !== undefined && version > before + 1) count['events missing']++
    last.set(account, Math.max(version, before ?? 0))
    ids.add(id)
    if (message.seq >= state.last_seq) break
  }
  return count
}
