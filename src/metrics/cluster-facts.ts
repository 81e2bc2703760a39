import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Records } from '../redis/records.ts'

/** Cluster-wide gauges read from Redis. Times in seconds; each rejects with `StorageUnavailable`. */
export interface ClusterFacts {
  /** How far the cluster's time is ahead of this node's clock. */
  clockAhead(): number
  accountsByState(): Promise<Record<string, number>>
  outboxSize(): Promise<number>
  deadEvents(): Promise<number>
  /** The age of the oldest event in the outbox. */
  outboxLag(): Promise<number>
  /** The number of encryptions with the current key. */
  seals(): Promise<number>
  /** The delay of the most overdue wake-up. */
  overdue(): Promise<number>
}

export function createClusterFacts({
  records,
  clock,
  seals,
}: {
  records: Pick<Records, 'countByState' | 'outbox' | 'deadEvents' | 'earliestDue'>
  clock: ClusterClock
  readonly seals: ClusterFacts['seals']
}): ClusterFacts {
  const since = (at: number | null) => (at === null ? 0 : Math.max(0, clock.now() - at) / 1_000)
  return {
    clockAhead: () => clock.ahead() / 1_000,
    accountsByState: () => records.countByState(),
    outboxSize: () => records.outbox.size(),
    deadEvents: () => records.deadEvents.size(),
    outboxLag: async () => since(await records.outbox.oldest()),
    seals,
    overdue: async () => since(await records.earliestDue()),
  }
}
