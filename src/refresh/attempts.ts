import type { Logger } from 'pino'
import type { App } from '../actors/app-actor.ts'
import { unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import { causedBy } from '../contract/reasons.ts'
import { NewerForm } from '../redis/newer-form.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { AppCircuit } from './app-circuit.ts'
import {
  type AttemptRequest,
  type AttemptRun,
  newAttemptRun,
  type OutcomeWord,
  type SendPermit,
} from './attempt-run.ts'
import type { ProviderLimits } from './provider-limits.ts'
import type { RecordOutcome } from './record-outcome.ts'

export interface AttemptsOptions {
  refresh(run: AttemptRun): Promise<OutcomeWord>
  readonly record: Pick<RecordOutcome, 'failed'>
  readonly limits: ProviderLimits
  readonly circuit: Pick<AppCircuit, 'applyLimits'>
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
  reserveSlot(app: string): (() => void) | null
  /** Acquires a slot for a request that is not an attempt; resolves with its release, or null after the time-out in milliseconds. */
  acquireSlot(app: App, within: number): Promise<(() => void) | null>
  /** The attempts that the cluster still waits for. */
  size(): number
  drained(): Promise<void>
}

/** The attempts in flight on this node: one per account, each with exactly one outcome. */
export function createAttempts(options: AttemptsOptions): Attempts {
  const { refresh, record, limits, circuit, clock, logger, observer } = options
  const inFlight = new Set<Promise<void>>()
  const permits = new Map<string, SendPermit>()

  async function perform(run: AttemptRun): Promise<string> {
    try {
      return await refresh(run)
    } catch (error) {
      if (run.left || error instanceof StorageUnavailable) throw error
      return endUnsent(run, error)
    }
  }

  /** For failures before anything was sent, so no answer can be missing. */
  function endUnsent(run: AttemptRun, error: unknown): Promise<string> {
    if (error instanceof NewerForm)
      return record.failed(run, unsent('T', causedBy('stored_by_newer_version')))
    const { account, attempt } = run
    logger.error({ err: error, account, attempt: attempt.id }, 'internal error: an attempt was not sent')
    return record.failed(run, unsent('T', causedBy('internal_error', 'log')))
  }

  function logEnd({ account, attempt, saved }: AttemptRun, milliseconds: number, ended: Ended): void {
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
      const permit = { version: request.saved.record.version, valid: true }
      permits.set(request.account, permit)
      const run = newAttemptRun(request, permit)
      const finish = (ended: Ended) => {
        inFlight.delete(done)
        if (permits.get(request.account) === permit) permits.delete(request.account)
        logEnd(run, clock.now() - startedAt, ended)
      }
      const done = perform(run).then(
        (outcome) => finish({ outcome }),
        (error: unknown) => finish({ outcome: 'untold', error }),
      )
      inFlight.add(done)
    },
    has: (account) => permits.has(account),
    superseded(account, version) {
      const permit = permits.get(account)
      if (permit !== undefined && version > permit.version) permit.valid = false
    },
    reserveSlot: limits.reserve,
    acquireSlot(app, within) {
      circuit.applyLimits(app)
      return limits.acquire(app.context.app, within)
    },
    size: limits.size,
    async drained() {
      while (inFlight.size > 0) await Promise.all(inFlight)
    },
  }
}

interface Ended {
  readonly outcome: string
  readonly error?: unknown
}
