import { snapshotSchema } from '../../machines/index.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { StorageUnavailable } from './storage-unavailable.ts'

/** What this version can write. 1: unsigned, snapshots of schema 2. 2: signed, snapshots of schema 3. */
export const newestLevel = 2

/** Written: in which form this cluster stores. Lowest: the oldest form it still accepts. */
export interface Levels {
  readonly written: number
  readonly lowest: number
}

export interface WriteLevel {
  written(): number
  lowest(): number
  snapshotSchema(): number
  /** Looks anew. Rejects with `StorageUnavailable`. */
  refresh(): Promise<void>
  /** Sure to be of the last seconds: a node that stood still must not go on in a form that is refused by now. Rejects when it is. */
  recent(): Promise<void>
}

const schemas: Readonly<Record<number, number>> = { 1: 2, 2: snapshotSchema }
const trustedFor = 5_000

/** Levels only rise: whoever writes Redis cannot bring an accepted form back. */
export function createWriteLevel(
  found: Levels,
  { read, timers = realTimers }: { read: () => Promise<Levels>; timers?: Pick<Timers, 'elapsed'> },
): WriteLevel {
  let lowest = 1
  let written = 1
  let readAt = 0
  let outdated = false

  function rise(seen: Levels): void {
    outdated ||= seen.lowest > newestLevel
    lowest = Math.max(lowest, Math.min(seen.lowest, newestLevel))
    written = Math.max(written, lowest, Math.min(seen.written, newestLevel))
    readAt = timers.elapsed()
  }

  async function refresh(): Promise<void> {
    rise(await read())
  }

  rise(found)
  return {
    written: () => written,
    lowest: () => lowest,
    snapshotSchema: () => schemas[written] as number,
    refresh,
    async recent() {
      if (outdated) throw new StorageUnavailable('the storage takes only what newer versions write')
      if (written < newestLevel && timers.elapsed() - readAt > trustedFor) await refresh()
    },
  }
}
