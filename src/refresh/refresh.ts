import { type Failure, unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import { causedBy } from '../contract/reasons.ts'
import type { Provider } from '../provider/provider.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import { refusalOfMoved } from './app-changed.ts'
import type { AttemptRequest, AttemptRun, FailedOutcome, OutcomeWord } from './attempt-run.ts'
import type { CircuitAdmission } from './circuit-admission.ts'
import type { ProviderLimits } from './provider-limits.ts'
import type { RecordOutcome } from './record-outcome.ts'
import type { RefusalHandler } from './refusal-handler.ts'
import type { Sending, StillAllowed } from './still-allowed.ts'

export interface RefreshOptions {
  readonly limits: Pick<ProviderLimits, 'has' | 'acquire'>
  readonly admission: Pick<CircuitAdmission, 'waitForApp'>
  readonly stillAllowed: StillAllowed
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly handleRefusal: RefusalHandler
  readonly record: RecordOutcome
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Pick<Timers, 'after'>
  /** With replicas, resolves false if none has acknowledged the intent: then nothing may be sent. */
  confirmIntent(request: AttemptRequest): Promise<boolean>
  /** False while an answer of this account is not stored yet: the token it used must not be sent again. */
  maySend(account: string): Promise<boolean>
}

/**
 * One refresh, from a saved intent to exactly one recorded outcome (RFC 6749 §6):
 *
 * 1. wait for the app's circuit, and for a slot of its provider;
 * 2. is the intent replicated, and no answer of this account still to be stored?
 * 3. read the app and the grant again: is it still allowed to send?
 * 4. send;
 * 5. store the tokens; or decide on the refusal: the outcome, another secret, or back to 1 for more evidence about the app.
 */
export function createRefresh(options: RefreshOptions): (run: AttemptRun) => Promise<OutcomeWord> {
  const { limits, admission, stillAllowed, provider, handleRefusal, record, clock, timers } = options

  /** If the time ran out between two secrets, the refusal of the last one is the outcome. */
  function failed(
    run: AttemptRun,
    failure: Failure,
    how?: Pick<FailedOutcome, 'accountOnly'>,
  ): Promise<OutcomeWord> {
    const { fallback } = run
    if (fallback !== null && isUndecided(failure)) return record.failed(run, fallback.failure, fallback)
    return record.failed(run, failure, how)
  }

  async function refresh(run: AttemptRun): Promise<OutcomeWord> {
    const { app } = run.saved.snapshot.context
    for (let waits = !limits.has(app); ; waits = true) {
      const blocked = waits ? await admission.waitForApp(run) : null
      if (blocked !== null) return failed(run, blocked)
      const release = await limits.acquire(app, run.attempt.sendBy - clock.now())
      if (release === null) return failed(run, unsent('T', causedBy('too_many_at_once')))
      // Hold a slot no longer than the cluster waits for the attempt.
      const cancelTimeout = timers.after(run.attempt.giveUpAt - clock.now(), release)
      try {
        const outcome = await sendUntilDecided(run)
        if (outcome !== 'wait') return outcome
      } finally {
        cancelTimeout()
        release()
      }
    }
  }

  async function sendUntilDecided(run: AttemptRun): Promise<OutcomeWord | 'wait'> {
    const reason = run.sends === 0 ? await reasonNotToBegin(run) : null
    if (reason !== null) return reason
    for (;;) {
      const allowed = await stillAllowed(run)
      if (allowed === 'wait') return 'wait'
      if ('failure' in allowed) return failed(run, allowed.failure)
      const outcome = await sendOnce(run, allowed)
      if (outcome !== 'retry') return outcome
    }
  }

  async function reasonNotToBegin(run: AttemptRun): Promise<OutcomeWord | null> {
    if (!(await options.maySend(run.account))) return 'kept'
    if (await options.confirmIntent(run)) return null
    return record.failed(run, unsent('T', causedBy('intent_not_replicated')))
  }

  async function sendOnce(run: AttemptRun, sending: Sending): Promise<OutcomeWord | 'wait' | 'retry'> {
    const { app, place, client, candidate } = sending
    const startedAt = clock.now()
    run.left = true
    const answer: TokenAnswer = await provider.refreshToken(sending.requestAt(startedAt))
    const sent = { at: startedAt, endpoint: app.endpoint, question: app.context.question?.id ?? null }
    // Store the tokens first, before any interpretation of the answer.
    if (answer.kind === 'tokens') return record.tokens(run, { ...sending, sent, answer })
    run.sends++
    const { refusal } = answer
    const moved = refusalOfMoved({ refusal, place, app })
    if (moved !== null && !refusal.sent) return record.failed(run, moved)
    const decision = await handleRefusal(run, {
      app,
      config: sending.config,
      client,
      candidate,
      sent,
      refusal,
      moved,
    })
    if (decision === 'wait' || decision === 'retry') return decision
    return failed(run, decision.failure, decision)
  }

  return refresh
}

/** The last request was not sent, or it was too late to ask again. */
function isUndecided({ class: failureClass, reason, inDoubt, providerError }: Failure): boolean {
  const wasNotSent = failureClass === 'T' && !inDoubt && providerError.status === null
  return wasNotSent || reason === 'client_in_question'
}
