import { accountStates } from '../../machines/index.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { type ArrivedStore, createArrivedStore } from './arrived-store.ts'
import type { Commands } from './commands.ts'
import { type Integrity, Tampered } from './integrity.ts'
import { createJoining, type Joining } from './joining.ts'
import { dueMember, keysOf, partitionOf, type Ref, refOfDueMember } from './keys.ts'
import { createListing, type Listing } from './listing.ts'
import { createOutboxStore, type OutboxStore } from './outbox-store.ts'
import {
  type Change,
  hashAfter,
  type OutboxEntry,
  type Revision,
  type Saved,
  type StoredRecord,
  signedContent,
  toHash,
  toStoredRecord,
} from './record.ts'
import { saveArguments } from './save-arguments.ts'
import { StorageUnavailable } from './storage-unavailable.ts'
import type { WriteLevel } from './write-level.ts'

export { BadCursor } from './cursor.ts'
export type { Ref } from './keys.ts'
export type { DeadEntry } from './outbox-store.ts'
export type {
  Change,
  LeftEntries,
  OutboxEntry,
  Revision,
  Saved,
  StoredRecord,
  WaitingEntry,
} from './record.ts'

export interface RecordsOptions {
  readonly commands: Commands
  readonly partitions: number
  readonly timers?: Timers
  /** The source of randomness, 0 to 1. */
  readonly random?: () => number
  /** Maximum number of entries in a partition's outbox before its oldest transitions are dropped. */
  readonly outboxCap?: number
  /** The same for all partitions together, by their last known size. */
  readonly outboxesCap?: number
  /** Without it records are neither signed nor checked. */
  readonly integrity?: Integrity
  readonly level?: Pick<WriteLevel, 'recent'>
  /** Called before a record counts as absent; rejects if Redis may have lost its data. */
  readonly checkIdentity?: (partition: number) => Promise<void>
}

/** Claimed entries become due again after this many milliseconds, in case the claiming node crashes. */
export interface Claim {
  readonly partition: number
  readonly limit: number
  readonly push: number
  /** The cluster's time, used if Redis' clock is behind it. */
  readonly now?: number
}

/** Stored accounts and apps. Every method is one script, and rejects with `StorageUnavailable`. */
export interface Records extends Listing, OutboxStore {
  readonly arrived: ArrivedStore
  readonly joining: Joining
  /** Rejects with `Tampered` for a record that fails its integrity check. */
  load(ref: Ref, options?: { readonly markUsed?: boolean }): Promise<StoredRecord>
  /** Compare-and-set on version and save id. A save whose reply was lost is sent again and recognises its own id. */
  save(change: Change): Promise<Saved>
  claimDue(claim: Claim): Promise<{ readonly at: number; readonly refs: Ref[] }>
  /** Only if the record is unchanged since it was read. */
  reindex(index: {
    readonly ref: Ref
    readonly read: Revision
    readonly wakeAt: number | null
  }): Promise<void>
  /** Makes the app's waiting accounts, or all, due within `spread` milliseconds; returns how many. */
  wakeAccounts(waking: {
    readonly app: string
    readonly partition: number
    readonly spread: number
    readonly now?: number
    readonly all?: boolean
  }): Promise<number>
  /** The earliest wake-up time (ms); null if there is none. */
  earliestDue(): Promise<number | null>
}

const saveTries = 3

export function createRecords({
  commands,
  partitions,
  timers = realTimers,
  random = Math.random,
  outboxCap = 100_000,
  outboxesCap = 1_000_000,
  integrity,
  level,
  checkIdentity,
}: RecordsOptions): Records {
  const { run } = commands
  const partition = (id: string) => partitionOf(id, partitions)
  const outboxStore = createOutboxStore({ commands, partitions })
  const fairShare = Math.floor(outboxesCap / partitions)

  async function load(ref: Ref, { markUsed = false } = {}): Promise<StoredRecord> {
    const keys = [keysOf(partition(ref.id)).record(ref)]
    const call = { script: 'load' as const, keys, args: [markUsed ? '1' : '0'] }
    const [at, flat] = (await run(call)) as [number, string[]]
    const hash = toHash(flat)
    if (flat.length === 0) await checkIdentity?.(partition(ref.id))
    if (flat.length === 0 || integrity === undefined) return toStoredRecord(at, hash, false)
    const signed = { ...ref, content: signedContent(hash) }
    const { accepted, stale } = integrity.verify(signed, hash.m)
    if (accepted) return toStoredRecord(at, hash, stale)
    // Deleted by a version without MACs: only its version is used.
    const { v = '0', w = '', m, state } = hash
    if (m === undefined && state === undefined) return toStoredRecord(at, { v, w }, true)
    integrity.report(ref)
    throw new Tampered(ref)
  }

  function sign(change: Change): string | undefined {
    return integrity?.sign({ ...change.ref, content: signedContent(hashAfter(change)) })
  }

  return {
    ...createListing({ commands, partitions, random }),
    ...outboxStore,
    arrived: createArrivedStore({ commands, partitions }),
    joining: createJoining(commands, { partitions }),
    load,
    async save(change) {
      await level?.recent()
      const call = {
        script: 'save' as const,
        ...saveArguments(change, {
          partition: partition(change.ref.id),
          outboxCap: outboxStore.outbox.lastSize() > outboxesCap ? Math.min(outboxCap, fairShare) : outboxCap,
          mac: sign(change),
        }),
      }
      for (let tries = 1; ; tries++) {
        try {
          return savedOf(change, (await run(call)) as SaveReply)
        } catch (error) {
          if (!(error instanceof StorageUnavailable) || tries === saveTries) throw error
          await timers.delay(50 * tries)
        }
      }
    },
    async claimDue(claim) {
      const { due } = keysOf(claim.partition)
      const [at, members] = (await run({
        script: 'claim-due',
        keys: [due],
        args: [claim.limit, claim.push, claim.now ?? 0],
      })) as [number, string[]]
      return { at, refs: members.map(refOfDueMember) }
    },
    async reindex({ ref, read: { version, saveId }, wakeAt }) {
      const keys = keysOf(partition(ref.id))
      await run({
        script: 'reindex',
        keys: [keys.record(ref), keys.due],
        args: [version, saveId ?? '', wakeAt ?? '', dueMember(ref)],
      })
    },
    async wakeAccounts(waking) {
      const keys = keysOf(waking.partition)
      const states = waking.all ? accountStates : (['secret-expired', 'revoked'] as const)
      const waiting = states.map(keys.byState)
      const touched = [keys.due, keys.byApp(waking.app), ...waiting]
      return (await run({
        script: 'wake-accounts',
        keys: touched,
        args: [waking.spread, waking.now ?? 0],
      })) as number
    },
    async earliestDue() {
      const each = Array.from({ length: partitions }, (_, index) => commands.zlowest(keysOf(index).due))
      return earliest(await Promise.all(each))
    },
  }
}

type SaveReply = [saved: number, at: number, version: number, entryIds?: string[], older?: string[] | null]

function savedOf({ saveId, outbox }: Change, [saved, at, version, entryIds, older = null]: SaveReply): Saved {
  const entries = entryIds?.map((entryId, i) => ({
    entryId,
    entry: outbox[i] as OutboxEntry,
    version,
    save: saveId,
  }))
  return { saved: saved === 1, at, version, ...(entries && { left: { entries, older } }) }
}

function earliest(times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((at) => at != null)
  return known.length === 0 ? null : Math.min(...known)
}
