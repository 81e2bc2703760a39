import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { ClusterFacts } from './cluster-facts.ts'

/** Events this old, in seconds, mean that caches and listeners elsewhere live in the past. */
const longestLag = 60

/** What a node lacks to serve, and for how long events have been waiting for their stream. */
export function createReadiness({
  facts,
  missing,
}: {
  facts: Pick<ClusterFacts, 'outboxLag'>
  missing: () => string[]
}) {
  return async (): Promise<{ missing: string[]; outboxLag: number | null }> => {
    const lacking = missing()
    try {
      const outboxLag = await facts.outboxLag()
      return { missing: outboxLag > longestLag ? [...lacking, 'outbox'] : lacking, outboxLag }
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      return { missing: [...new Set([...lacking, 'redis'])], outboxLag: null }
    }
  }
}
