import { snapshotSchema } from '../../machines/index.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { StorageUnavailable } from './storage-unavailable.ts'

/** The write levels. 1: unsigned, snapshots of schema 2. 2: signed, snapshots of schema 3. */
export const newestLevel = 2

/** `written`: the level at which the cluster stores. `lowest`: the lowest level it accepts. */
export interface Levels {
  readonly written: number
  readonly lowest: number
}

export interface WriteLevel {
  written(): number
  lowest(): number
  snapshotSchema(): number
  /** Reads the levels again. Rejects with `StorageUnavailable`. */
  refresh(): Promise<void>
  /** Makes sure that the levels are recent: a node that was suspended must not write at a level that is no longer accepted. Rejects if so. */
  recent(): Promise<void>
}

const schemas: Readonly<Record<number, number>> = { 1: 2, 2: snapshotSchema }
const trustedFor = 5_000

/** Levels only rise, so that write access to Redis cannot bring back an older format. */
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
      if (outdated) throw new StorageUnavailable('the storage accepts only records of newer versions')
      if (written < newestLevel && timers.elapsed() - readAt > trustedFor) await refresh()
    },
  }
}
