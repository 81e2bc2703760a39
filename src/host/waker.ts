import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { AccountContext, AccountEvent } from '../../machines/index.ts'
import type { Records, Ref } from '../redis/records.ts'
import type { Poll, Timers } from '../timers.ts'
import type { Accounts } from './accounts.ts'
import type { Apps } from './apps.ts'
import type { ClusterClock } from './cluster-clock.ts'

export interface WakerOptions {
  readonly records: Pick<Records, 'claimDue' | 'reindex'>
  readonly accounts: Accounts
  readonly apps: Apps
  readonly clock: ClusterClock
  readonly partitions: number
  readonly timers: Timers
  readonly logger: Logger
  /** How many more attempts this node may take on now. */
  freeSlots(): number
}

const every = 500
const mostAtOnce = 32
/** A node that dies with what it claimed gives it back after this. */
const claimHolds = 30_000

/**
 * Makes time an event: claims what is due, a few per partition, and tells it so. Whichever node claims first does it;
 * there are no timers per account, and a restart loses none.
 */
export function createWaker(options: WakerOptions) {
  const { records, accounts, apps, clock, partitions, timers, logger, freeSlots } = options
  let poll: Poll | undefined
  let stopped = true
  let pausedUntil = 0

  async function wakeAccount(id: string): Promise<void> {
    const loaded = await accounts.load(id)
    // A waiting account whose app works again need not wait for its own slow look.
    const app =
      loaded.snapshot.value === 'secret-expired' ? await apps.look(loaded.snapshot.context.app) : undefined
    const healthy = app !== undefined && app.state !== 'secret-expired'
    const outcome = await accounts.receive(
      id,
      ({ at, snapshot, record }) => {
        const happened = { at, id: randomUUID() }
        const event: AccountEvent =
          healthy && snapshot.value === 'secret-expired'
            ? { type: 'app.secret-updated', ...happened }
            : { type: 'timer.due', ...happened, used: wasUsed(snapshot.context, record.usedGeneration) }
        return { event }
      },
      loaded,
    )
    if (!outcome.taken) await putBack({ kind: 'account', id }, outcome)
  }

  async function wakeApp(id: string): Promise<void> {
    const outcome = await apps.report(id, { type: 'timer.due' })
    if (!outcome.taken) await putBack({ kind: 'app', id }, outcome)
  }

  /** An event the state did not handle: the index goes back to what the snapshot says. */
  async function putBack(
    ref: Ref,
    { record, snapshot }: { record: { version: number }; snapshot: { context: { wakeAt: number | null } } },
  ): Promise<void> {
    await records.reindex({ ref, version: record.version, wakeAt: snapshot.context.wakeAt })
  }

  async function claim(partition: number): Promise<void> {
    const limit = Math.min(mostAtOnce, freeSlots())
    if (limit < 1 || stopped) return
    const { at, refs } = await records.claimDue({ partition, limit, push: claimHolds })
    clock.observe(at)
    await Promise.all(refs.map(({ kind, id }) => (kind === 'account' ? wakeAccount(id) : wakeApp(id))))
  }

  async function tick(): Promise<void> {
    if (timers.elapsed() < pausedUntil) return
    const claims = await Promise.allSettled(
      Array.from({ length: partitions }, (_, partition) => claim(partition)),
    )
    const failed = claims.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    if (failed) logger.warn({ err: failed.reason }, 'what was due could not be woken')
  }

  return {
    start(): void {
      stopped = false
      poll = timers.poll(every, tick)
    },
    /** After a reconnect, answers held elsewhere go first: their tokens must not be spent again. */
    pause(milliseconds: number): void {
      pausedUntil = timers.elapsed() + milliseconds
    },
    async stop(): Promise<void> {
      stopped = true
      await poll?.stop()
    },
  }
}

function wasUsed({ generation }: AccountContext, usedGeneration: number): boolean {
  return generation > 0 && usedGeneration === generation
}
