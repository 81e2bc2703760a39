import { ok } from '../contract/failures.ts'
import type { DeadEvent, EventsWhich } from '../contract/maintenance.ts'
import type { DeadEventAdmin } from '../contract/tokenbus.ts'
import type { DeadEntry, Records } from '../redis/records.ts'

const usualLimit = 100

/** Lists, retries and drops dead letters. */
export function createDeadEvents({
  records: { deadEvents },
  partitions,
}: {
  records: Pick<Records, 'deadEvents'>
  partitions: number
}): DeadEventAdmin {
  async function* all() {
    for (let partition = 0; partition < partitions; partition++)
      for (const dead of await deadEvents.read({ partition })) yield { partition, dead }
  }

  async function forEach(
    { id }: EventsWhich,
    act: (address: { partition: number; entryId: string }) => Promise<unknown>,
  ): Promise<number> {
    let count = 0
    for await (const { partition, dead } of all()) {
      if (id !== undefined && dead.entry.id !== id) continue
      await act({ partition, entryId: dead.entryId })
      count++
      if (id !== undefined) break
    }
    return count
  }

  return {
    async deadEvents({ limit = usualLimit }) {
      const events: DeadEvent[] = []
      for await (const { dead } of all()) {
        events.push(viewOf(dead))
        if (events.length === limit) break
      }
      return ok({ events, total: await deadEvents.size() })
    },
    retryEvents: async (which) => ok({ retried: await forEach(which, deadEvents.retry) }),
    dropEvents: async (which) => ok({ dropped: await forEach(which, deadEvents.drop) }),
  }
}

function viewOf({ entry: { id, type, time, ref, body }, version, reason }: DeadEntry): DeadEvent {
  return { id, type, time, [ref.kind]: ref.id, version, reason, bytes: Buffer.byteLength(body) }
}
