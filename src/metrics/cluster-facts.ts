import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Records } from '../redis/records.ts'

export type ClusterFacts = ReturnType<typeof createClusterFacts>

/** How the cluster fares, as Redis knows it. Times in seconds; each rejects with `StorageUnavailable`. */
export function createClusterFacts({
  records,
  clock,
  seals,
}: {
  records: Pick<Records, 'countByState' | 'outbox' | 'deadEvents' | 'earliestDue'>
  clock: ClusterClock
  /** How often the key that seals was used. */
  seals(): Promise<number>
}) {
  const since = (at: number | null) => (at === null ? 0 : Math.max(0, clock.now() - at) / 1_000)
  return {
    /** Of this node: how far the cluster's time is ahead of its own clock. */
    clockAhead: () => clock.ahead() / 1_000,
    accountsByState: () => records.countByState(),
    outboxSize: () => records.outbox.size(),
    deadEvents: () => records.deadEvents.size(),
    outboxLag: async () => since(await records.outbox.oldest()),
    seals,
    overdue: async () => since(await records.earliestDue()),
  }
}
