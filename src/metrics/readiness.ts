import type { EventFlow } from '../common/event-flow.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { ClusterFacts } from './cluster-facts.ts'

/** For so many seconds events may wait, and their stream take none. One that waits alone is its account's trouble. */
const longestLag = 60

/** See `EventsHealth`. */
type EventsStatus = 'ok' | 'behind' | 'stalled' | 'unknown'

export interface Lack {
  /** What this node cannot serve without. */
  readonly part: 'redis' | 'nats' | 'stopping'
  /** A sentence, where there is more to say than that it is not there. */
  readonly why?: string
}

/** What a node lacks to serve, and separately how its events fare: those wait without harm, whatever their stream does. */
export function createReadiness({
  facts,
  flow,
  lacks,
}: {
  facts: Pick<ClusterFacts, 'outboxLag' | 'outboxSize'>
  flow: Pick<EventFlow, 'stalledFor' | 'reason'>
  lacks: () => readonly Lack[]
}) {
  /** Null while Redis cannot be asked. */
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
