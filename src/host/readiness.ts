import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import type { EventFlow } from './event-flow.ts'

/** For so many seconds events may wait, and their stream take none. One that waits alone is its account's trouble. */
const longestLag = 60

/** What a node lacks to serve, and for how long events have been waiting for their stream. */
export function createReadiness({
  facts,
  flow,
  missing,
}: {
  facts: Pick<ClusterFacts, 'outboxLag'>
  flow: Pick<EventFlow, 'stalledFor'>
  missing: () => string[]
}) {
  return async (): Promise<{ missing: string[]; outboxLag: number | null }> => {
    const lacking = missing()
    try {
      const outboxLag = await facts.outboxLag()
      const stalled = outboxLag > longestLag && flow.stalledFor() > longestLag * 1_000
      return { missing: stalled ? [...lacking, 'outbox'] : lacking, outboxLag }
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      return { missing: [...new Set([...lacking, 'redis'])], outboxLag: null }
    }
  }
}
