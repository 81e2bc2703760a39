import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Records } from '../redis/records.ts'

/** How the cluster fares, as Redis knows it. Times in seconds; each rejects with `StorageUnavailable`. */
export interface ClusterFacts {
  /** Of this node: how far the cluster's time is ahead of its own clock. */
  clockAhead(): number
  accountsByState(): Promise<Record<string, number>>
  outboxSize(): Promise<number>
  deadEvents(): Promise<number>
  /** How long the oldest event waits for its stream. */
  outboxLag(): Promise<number>
  /** How often the key that seals was used. */
  seals(): Promise<number>
  /** How late the most overdue wake-up is. */
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
