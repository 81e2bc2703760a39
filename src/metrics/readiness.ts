import type { EventFlow } from '../common/event-flow.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { ClusterFacts } from './cluster-facts.ts'

/** Seconds that events may wait before the status degrades. */
const longestLag = 60

/** See `EventsHealth`. */
type EventsStatus = 'ok' | 'behind' | 'stalled' | 'unknown'

export interface Lack {
  /** The dependency that is missing. */
  readonly part: 'redis' | 'nats' | 'stopping'
  /** A sentence with details. */
  readonly why?: string
}

/** A node's readiness, and separately the health of its events, which do not affect readiness because they wait safely in the outbox. */
export function createReadiness({
  facts,
  flow,
  lacks,
}: {
  facts: Pick<ClusterFacts, 'outboxLag' | 'outboxSize'>
  flow: Pick<EventFlow, 'stalledFor' | 'reason'>
  lacks: () => readonly Lack[]
}) {
  /** Null while Redis is unavailable. */
  async function known<T>(asked: Promise<T>): Promise<T | null> {
    try {
      return await asked
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      return null
    }
  }

  return {
    async readiness() {
      const lacking = lacks()
      const outboxLag = await known(facts.outboxLag())
      const missing = new Set<string>(lacking.map(({ part }) => part))
      if (outboxLag === null) missing.add('redis')
      const reasons = lacking.flatMap(({ why }) => why ?? [])
      return { missing: [...missing], ...(reasons.length > 0 && { reasons }), outboxLag }
    },
    async events() {
      const [outboxLag, waiting] = await Promise.all([known(facts.outboxLag()), known(facts.outboxSize())])
      const stalled = flow.stalledFor() > longestLag * 1_000
      const reason = flow.reason()
      const status = statusOf({ outboxLag, stalled })
      return { status, outboxLag, waiting, ...(reason !== null && { reason }) }
    },
  }
}

function statusOf({ outboxLag, stalled }: { outboxLag: number | null; stalled: boolean }): EventsStatus {
  if (outboxLag === null) return 'unknown'
  if (outboxLag <= longestLag) return 'ok'
  return stalled ? 'stalled' : 'behind'
}
