import { randomUUID } from 'node:crypto'
import { type AnyStateMachine, createActor as bornActor, type SnapshotFrom } from 'xstate'
import { fromStored, type StoredSnapshot, snapshotSchema, step, toStored } from '../../machines/index.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { createKeyedQueue } from '../common/keyed-queue.ts'
import { filled } from '../redis/record.ts'
import type { Change, LeftEntries, Records, Ref, Saved, StoredRecord } from '../redis/records.ts'
import type { NewerForms } from './newer-forms.ts'

export interface Loaded<Snapshot> {
  readonly record: StoredRecord
  readonly snapshot: Snapshot
  readonly at: number
}

/** The state that an event is applied to. */
export interface Meeting<Snapshot> extends Loaded<Snapshot> {
  /** The event's id, the same in each retry after a lost save, so that a retry adds nothing twice. */
  readonly eventId: string
}

/** The result of an event. `taken` is false if the machine ignored it and nothing was saved. */
export interface Outcome<Snapshot, Effect> extends Loaded<Snapshot> {
  readonly taken: boolean
  readonly effects: readonly Effect[]
}

/** An event, with data to save that must not be part of it. */
export interface Decision<Event, Extra> {
  readonly event: Event
  readonly extra?: Extra
}

export interface Taken<Snapshot, Event, Effect, Extra> {
  readonly id: string
  readonly record: StoredRecord
  readonly event: Event
  readonly before: Snapshot
  readonly after: Snapshot
  /** `after`, as stored: JSON. */
  readonly snapshot: string
  readonly effects: readonly Effect[]
  readonly extra: Extra | undefined
}

type Saving = Pick<
  Change,
  'generation' | 'state' | 'wakeAt' | 'app' | 'names' | 'fields' | 'outbox' | 'tombstone'
>

/** The effects of a transition: `saving` is saved with it, `work` is performed after the save. */
export interface Plan<Work> {
  readonly saving: Saving
  readonly work: Work
}

export interface ActorOptions<M extends AnyStateMachine, Event, Effect, Extra, Work> {
  readonly kind: Ref['kind']
  readonly machine: M
  readonly input: (id: string) => object
  readonly records: Pick<Records, 'load' | 'save'>
  readonly clock: ClusterClock
  readonly newerForms: NewerForms
  /** The schema under which snapshots are saved; the newest by default. */
  readonly snapshotSchema?: (() => number) | undefined
  /** Runs again after a lost compare-and-set. */
  plan(taken: Taken<SnapshotFrom<M>, Event, Effect, Extra>): Plan<Work>
  /** False: the transition is not made, as if the state did not handle the event. */
  mayTake?(taken: Taken<SnapshotFrom<M>, Event, Effect, Extra>): Promise<boolean>
  beforeSave?(id: string): void
  /** Called once the save is certain. Must not throw, and must not wait for another event of the same id, which is queued behind. */
  perform(
    outcome: Outcome<SnapshotFrom<M>, Effect>,
    how: {
      readonly id: string
      readonly before: SnapshotFrom<M>
      readonly work: Work
      readonly left: LeftEntries | undefined
    },
  ): void
  /** A compare-and-set was lost to another node. */
  onLostSave?(id: string): void
}

/** The actors of one kind; nothing else writes their state. */
export interface Actor<Snapshot, Event, Effect, Extra> {
  load(id: string, options?: { readonly markUsed?: boolean }): Promise<Loaded<Snapshot>>
  /** True if the record has an older format, or was signed with an older key. */
  isStale(record: StoredRecord): boolean
  /**
   * Applies one event and saves the result. `decide` gets the current state and may return null; it runs again on newer state
   * after a lost save. `loaded` avoids the first load. Rejects with `StorageUnavailable`, and with `NewerForm` for records
   * that only newer nodes can read.
   */
  receive(
    id: string,
    decide: (meeting: Meeting<Snapshot>) => Decision<Event, Extra> | null,
    loaded?: Loaded<Snapshot>,
  ): Promise<Outcome<Snapshot, Effect>>
}

/** More consecutive lost saves are a bug, not contention. */
const maxTries = 100

/**
 * Load, transition, save by compare-and-set, then act; nothing else writes state. After a lost save, the event is applied
 * again to the winner's state.
 */
export function createActor<M extends AnyStateMachine, Event, Effect, Extra, Work>(
  options: ActorOptions<M, Event, Effect, Extra, Work>,
): Actor<SnapshotFrom<M>, Event, Effect, Extra> {
  type Snapshot = SnapshotFrom<M>
  const { kind, machine, records, clock } = options
  const queue = createKeyedQueue()

  function restore(id: string, record: StoredRecord): Snapshot {
    if (record.snapshot !== null) return fromStored(machine, JSON.parse(record.snapshot) as StoredSnapshot)
    const unborn = bornActor(machine as AnyStateMachine, {
      input: options.input(id),
    }).getSnapshot() as Snapshot
    return fromStored(machine, toStored(unborn))
  }

  async function load(id: string, { markUsed = false } = {}): Promise<Loaded<Snapshot>> {
    const record = await records.load({ kind, id }, { markUsed })
    clock.observe(record.at)
    const snapshot = options.newerForms.reading({ kind, id }, record, () => restore(id, record))
    return { record, snapshot, at: clock.now() }
  }

  async function run(
    id: string,
    decide: (meeting: Meeting<Snapshot>) => Decision<Event, Extra> | null,
    loaded: Loaded<Snapshot> | undefined,
  ): Promise<Outcome<Snapshot, Effect>> {
    const eventId = randomUUID()
    let seen = loaded ?? (await load(id))
    for (let tries = 0; tries < maxTries; tries++) {
      const { record, snapshot: before } = seen
      // The record may have been loaded earlier; the event happens now.
      const decision = decide({ ...seen, at: Math.max(seen.at, clock.now()), eventId })
      const stepped = decision && step<M, Effect>(machine, before, decision.event as never)
      if (stepped === null) return { ...seen, taken: false, effects: [] }
      const { event, extra } = decision as Decision<Event, Extra>
      const { next: after, effects } = stepped
      const snapshot = JSON.stringify(toStored(after, options.snapshotSchema?.()))
      const taken = { id, record, event, extra, before, after, snapshot, effects }
      if (options.mayTake && !(await options.mayTake(taken))) return { ...seen, taken: false, effects: [] }
      const { saving, work } = options.plan(taken)
      const saveId = randomUUID()
      options.beforeSave?.(id)
      const saved = await records.save({
        ...saving,
        ref: { kind, id },
        saveId,
        snapshot,
        previous: record,
      })
      clock.observe(saved.at)
      if (saved.saved) {
        const outcome = {
          record: recordAfter({ record, saved, saveId, snapshot, saving }),
          snapshot: stepped.next,
          at: clock.now(),
          taken: true,
          effects: stepped.effects,
        }
        options.perform(outcome, { id, before, work, left: saved.left })
        return outcome
      }
      options.onLostSave?.(id)
      seen = await load(id)
    }
    throw new Error(`${kind} lost ${maxTries} saves in a row`)
  }

  return {
    load,
    isStale({ snapshot, stale }) {
      const schema = options.snapshotSchema?.() ?? snapshotSchema
      return stale || (snapshot !== null && (JSON.parse(snapshot) as StoredSnapshot).schema < schema)
    },
    receive: (id, decide, loaded) => queue.run(id, () => run(id, decide, loaded)),
  }
}

/** The record as a load would return it now. */
function recordAfter(change: {
  readonly record: StoredRecord
  readonly saved: Saved
  readonly saveId: string
  readonly snapshot: string
  readonly saving: Saving
}): StoredRecord {
  const { record, saved, saveId, snapshot, saving } = change
  const { generation, state, app, wakeAt, names = [] } = saving
  const { at, version } = saved
  return {
    ...record,
    at,
    version,
    saveId,
    snapshot,
    generation,
    state,
    app,
    wakeAt,
    names,
    fields: filled({ ...record.fields, ...saving.fields }),
    stale: false,
  }
}
