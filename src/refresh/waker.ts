import type { Logger } from 'pino'
import {
  type AccountContext,
  type AccountEvent,
  hashFraction,
  isGrantEnding,
  waitsForApp,
  wakesAt,
} from '../../machines/index.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { createRareLog } from '../common/rare-log.ts'
import type { Poll, Timers } from '../common/timers.ts'
import { nullIfUnusable } from '../redis/integrity.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { Records, Ref, Revision } from '../redis/records.ts'

export interface WakerOptions {
  readonly records: Pick<Records, 'claimDue' | 'reindex'>
  /** Stores answers kept for the account; false if some could not be stored. */
  readonly storeKept: (account: string) => Promise<boolean>
  readonly accounts: Accounts
  readonly apps: Apps
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  /** The number of further attempts this node may start now. */
  freeSlots(): number
  /** Reserves a place in the app's queue; null if the queue is too long. */
  reserveSlot(app: string): (() => void) | null
  /** False for a disabled app: its accounts are not refreshed. */
  isEnabled(app: string): Promise<boolean>
  /** For an account that has just begun to wait for its app's secret. */
  wakeIfAppWorks(account: string, loaded: LoadedAccount): Promise<void>
}

const every = 500
const maxAtOnce = 32
/** Milliseconds (up to five times as many) after which an account is retried if its app was busy. */
const retryAfterBusy = 1_000
/** The same for records that only other nodes can read, and for answers that cannot be stored yet. */
const retryAfterUnreadable = 5_000
/** The same while its app is disabled; enabling the app wakes all its accounts earlier. */
const retryWhileDisabled = 300_000
/** Milliseconds after which claims of a crashed node are due again. */
const claimExpiresAfter = 30_000

/**
 * Turns time into events: claims due accounts and apps, a few per partition, and sends them `timer.due`. The first node to
 * claim one processes it; there are no timers in memory, so a restart loses none.
 */
export interface Waker {
  start(): void
  /** After a reconnect, pending answers of all nodes are stored first, so that the tokens they used are not sent again. */
  pause(milliseconds: number): void
  stop(): Promise<void>
}

export function createWaker(options: WakerOptions): Waker {
  const { records, accounts, apps, clock, partitions, timers, logger } = options
  const rarely = createRareLog({ logger, timers })
  /** The partition to begin with, rotating so that each is served when few slots are free. */
  let first = 0
  let poll: Poll | undefined
  let stopped = true
  let pausedUntil = 0

  async function wakeAccount(id: string): Promise<void> {
    const all = await options.storeKept(id)
    const loaded = await accounts.load(id)
    // An overdue attempt would repeat a request whose answer is already here.
    if (!all) return postpone({ kind: 'account', id }, loaded.record, retryAfterUnreadable)
    const { value, context } = loaded.snapshot
    const works = await workingAppOf(loaded)
    // An overdue attempt in flight had its slot already.
    const release = value === 'refreshing' ? () => {} : options.reserveSlot(context.app)
    // Do not start an attempt that could not be sent in time.
    if (release === null) return postpone({ kind: 'account', id }, loaded.record, retryAfterBusy)
    const outcome = await accounts
      .receive(id, (meeting) => ({ event: eventFor(meeting, works) }), loaded)
      .finally(release)
    if (!outcome.taken) await restoreAccount(id, outcome)
    else if (outcome.snapshot.value === 'secret-expired') await options.wakeIfAppWorks(id, outcome)
  }

  /**
   * The app, if it works: a waiting account is then refreshed at once, even if it woke up for another reason.
   */
  async function workingAppOf({ at, snapshot: { value, context } }: LoadedAccount): Promise<App | null> {
    const waits =
      value === 'secret-expired' ? !isGrantEnding(context, at) : value === 'revoked' && waitsForApp(context)
    const app = waits ? await apps.look(context.app) : null
    return app?.state === 'secret-expired' ? null : app
  }

  async function postpone(ref: Ref, read: Revision, after: number): Promise<void> {
    const at = clock.now()
    const wakeAt = at + Math.round(after * (1 + 4 * hashFraction(ref.id, at)))
    await records.reindex({ ref, read, wakeAt })
  }

  async function wakeApp(id: string): Promise<void> {
    const outcome = await apps.report(id, { type: 'timer.due' })
    if (!outcome.taken) await restoreWakeUp({ kind: 'app', id }, outcome, outcome.snapshot.context.wakeAt)
  }

  /** An account that is still due was held back, because its app is disabled. */
  async function restoreAccount(id: string, outcome: LoadedAccount): Promise<void> {
    const ref = { kind: 'account', id } as const
    const { context } = outcome.snapshot
    const wakeAt = wakesAt(context)
    const isDue = wakeAt !== null && wakeAt <= clock.now()
    if (isDue && !(await options.isEnabled(context.app)))
      await postpone(ref, outcome.record, retryWhileDisabled)
    else await restoreWakeUp(ref, outcome, wakeAt)
  }

  /** The state did not handle the event: restores the wake-up time of the snapshot in the index. */
  async function restoreWakeUp(
    ref: Ref,
    { record }: { record: Revision },
    wakeAt: number | null,
  ): Promise<void> {
    await records.reindex({ ref, read: record, wakeAt })
  }

  /** Returns how many were claimed. */
  async function claim(partition: number, limit: number): Promise<number> {
    const { at, refs } = await records.claimDue({
      partition,
      limit,
      push: claimExpiresAfter,
      now: clock.now(),
    })
    clock.observe(at)
    const wake = ({ kind, id }: Ref) => (kind === 'account' ? wakeAccount(id) : wakeApp(id))
    const handleUnreadable = (ref: Ref) => (error: unknown) =>
      error instanceof NewerForm ? postpone(ref, error.read, retryAfterUnreadable) : nullIfUnusable(error)
    await Promise.all(refs.map((ref) => wake(ref).catch(handleUnreadable(ref))))
    return refs.length
  }

  /** Claims no more than there are free slots, distributed over the partitions with due entries. */
  async function tick(): Promise<void> {
    if (timers.elapsed() < pausedUntil) return
    let free = options.freeSlots()
    let remaining = Array.from({ length: partitions }, (_, i) => (first + i) % partitions)
    while (remaining.length > 0 && free > 0 && !stopped) {
      const now = remaining.slice(0, free)
      const limit = Math.min(maxAtOnce, Math.floor(free / now.length))
      const claims = await Promise.allSettled(now.map((partition) => claim(partition, limit)))
      const failed = claims.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
      if (failed) rarely.warn({ err: failed.reason }, 'due accounts could not be woken')
      const counts = claims.map((each) => (each.status === 'fulfilled' ? each.value : 0))
      free -= counts.reduce((sum, count) => sum + count, 0)
      first = ((now.at(-1) as number) + 1) % partitions
      remaining = [...remaining.slice(now.length), ...now.filter((_, i) => counts[i] === limit)]
    }
  }

  return {
    start() {
      stopped = false
      poll = timers.poll(every, tick)
    },
    pause(milliseconds) {
      pausedUntil = timers.elapsed() + milliseconds
    },
    async stop() {
      stopped = true
      await poll?.stop()
    },
  }
}

function eventFor({ at, eventId, snapshot, record }: AccountMeeting, works: App | null): AccountEvent {
  const happened = { at, id: eventId }
  const { value, context } = snapshot
  if (works !== null && value === 'secret-expired') return { type: 'app.secret-updated', ...happened }
  const settings = works?.record.generation
  if (settings !== undefined && value === 'revoked' && settings !== context.invalid?.settings)
    return { type: 'app.changed', ...happened, settings }
  return { type: 'timer.due', ...happened, used: wasUsed(context, record.usedGeneration) }
}

function wasUsed({ tokenGeneration }: AccountContext, usedGeneration: number): boolean {
  return tokenGeneration > 0 && usedGeneration >= tokenGeneration
}
