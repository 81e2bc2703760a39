import type { LeftEntries, Records, WaitingEntry } from '../redis/records.ts'

export interface OwnEntriesOptions {
  readonly records: Pick<Records, 'outbox'>
  settle(partition: number, waiting: WaitingEntry): Promise<'stored' | 'dead-letter' | 'blocked'>
}

export interface OwnSave extends LeftEntries {
  /** Of the account or app. */
  readonly name: string
  readonly partition: number
}

interface Line {
  readonly queue: WaitingEntry[]
  /** Those that are, or may still be, in the outbox. */
  readonly known: Set<string>
}

/**
 * Publishes the entries of this node's saves without reading them back. Entries of an account or app are published in
 * order, each after the ack of the one before. Those that cannot be published now stay in the outbox for the sweep.
 */
export function createOwnEntries({ records, settle }: OwnEntriesOptions) {
  const lines = new Map<string, Line>()
  const running = new Set<Promise<void>>()

  /** False if later entries have to wait. */
  async function publishQueue(partition: number, { queue, known }: Line): Promise<boolean> {
    const entryIds: string[] = []
    let outcome: string | undefined
    for (let next = queue[0]; next !== undefined && outcome !== 'blocked'; next = queue[0]) {
      outcome = await settle(partition, next)
      if (outcome === 'stored') entryIds.push(next.entryId)
      if (outcome !== 'blocked') queue.shift()
    }
    await records.outbox.remove({ partition, entryIds })
    for (const id of entryIds) known.delete(id)
    return outcome !== 'blocked' && queue.length > 0
  }

  async function publishLine({ name, partition }: OwnSave, line: Line): Promise<void> {
    try {
      while (await publishQueue(partition, line));
    } finally {
      lines.delete(name)
    }
  }

  return {
    /** False if entries of other nodes have to be published first. */
    publish(save: OwnSave): boolean {
      const { name, entries, older } = save
      const line = lines.get(name)
      if (older === null || older.some((id) => !line?.known.has(id))) return false
      const { queue, known } = line ?? { queue: [], known: new Set<string>() }
      queue.push(...entries)
      for (const { entryId } of entries) known.add(entryId)
      if (line !== undefined) return true
      const begun = { queue, known }
      lines.set(name, begun)
      const done = publishLine(save, begun)
        .catch(() => undefined)
        .finally(() => running.delete(done))
      running.add(done)
      return true
    },
    has: (name: string): boolean => lines.has(name),
    async drained(): Promise<void> {
      await Promise.all(running)
    },
  }
}
