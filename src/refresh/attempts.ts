import type { Logger } from 'pino'
import type { App } from '../actors/app-actor.ts'
import { unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import { causedBy } from '../contract/reasons.ts'
import { NewerForm } from '../redis/newer-form.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { newTrial } from './app-admission.ts'
import type { AppReports } from './app-circuit.ts'
import type { AppSlots } from './provider-limits.ts'
import type { RecordOutcome } from './record-outcome.ts'
import type { AttemptRequest, OutcomeWord, Ticket, Trial } from './trial.ts'

export interface AttemptsOptions {
  refresh(trial: Trial): Promise<OutcomeWord>
  readonly record: Pick<RecordOutcome, 'failed'>
  readonly slots: AppSlots
  readonly reports: Pick<AppReports, 'allow'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly logger: Pick<Logger, 'debug' | 'warn' | 'error'>
  readonly observer: Pick<Observer, 'attemptEnded'>
}

export interface Attempts {
  /** Never rejects: an attempt whose outcome cannot be recorded is recovered by the node that finds it past `giveUpAt`. */
  start(request: AttemptRequest): void
  has(account: string): boolean
  /** The account is at `version` now: drops an older attempt that has not been sent. */
  superseded(account: string, version: number): void
  /** Reserves a place in the app's queue; returns a function that releases it, or null if the queue is too long. */
  expect(app: string): (() => void) | null
  /** Acquires a slot for a request that is not an attempt; resolves with its release, or null after the time-out in milliseconds. */
  turn(app: App, within: number): Promise<(() => void) | null>
  /** The attempts that the cluster still waits for. */
  size(): number
  drained(): Promise<void>
}

/** The attempts in flight on this node: one per account, each with exactly one outcome. */
export function createAttempts(options: AttemptsOptions): Attempts {
  const { refresh, record, slots, reports, clock, logger, observer } = options
  const underWay = new Set<Promise<void>>()
  const tickets = new Map<string, Ticket>()

  async function run(trial: Trial): Promise<string> {
    try {
      return await refresh(trial)
    } catch (error) {
      if (trial.left || error instanceof StorageUnavailable) throw error
      return endUnsent(trial, error)
    }
  }

  /** For failures before anything was sent, so no answer can be missing. */
  function endUnsent(trial: Trial, error: unknown): Promise<string> {
    if (error instanceof NewerForm)
      return record.failed(trial, unsent('T', causedBy('stored_by_newer_version')))
    const { account, attempt } = trial
    logger.error({ err: error, account, attempt: attempt.id }, 'internal error: an attempt was not sent')
    return record.failed(trial, unsent('T', causedBy('internal_error', 'log')))
  }

  function logEnd({ account, attempt, saved }: Trial, milliseconds: number, ended: Ended): void {
    const { outcome, error } = ended
    const { app, provider } = saved.snapshot.context
    observer.attemptEnded({ app, provider, outcome, milliseconds })
    const line = { account, attempt: attempt.id, outcome, milliseconds: Math.round(milliseconds) }
    if (error === undefined) {
      logger.debug(line, 'refresh attempt ended')
      return
    }
    const level = error instanceof StorageUnavailable ? 'warn' : 'error'
    logger[level](
      { ...line, err: error },
      'a refresh attempt has no recorded outcome; it is recovered once it is overdue',
    )
  }

  return {
    start(request) {
      const startedAt = clock.now()
      const ticket = { version: request.saved.record.version, valid: true }
      tickets.set(request.account, ticket)
      const trial = newTrial(request, ticket)
      const finish = (ended: Ended) => {
        underWay.delete(done)
        if (tickets.get(request.account) === ticket) tickets.delete(request.account)
        logEnd(trial, clock.now() - startedAt, ended)
      }
      const done = run(trial).then(
        (outcome) => finish({ outcome }),
        (error: unknown) => finish({ outcome: 'untold', error }),
      )
      underWay.add(done)
    },
    has: (account) => tickets.has(account),
    superseded(account, version) {
      const ticket = tickets.get(account)
      if (ticket !== undefined && version > ticket.version) ticket.valid = false
    },
    expect: slots.expect,
    turn(app, within) {
      reports.allow(app)
      return slots.enter(app.context.app, within)
    },
    size: slots.size,
    async drained() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

interface Ended {
  readonly outcome: string
  readonly error?: unknown
}
