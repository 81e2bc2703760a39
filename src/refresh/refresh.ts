import { type Failure, unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import { causedBy } from '../contract/reasons.ts'
import type { Provider } from '../provider/provider.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import type { AppAdmission } from './app-admission.ts'
import { refusalOfMoved } from './app-changed.ts'
import type { AppSlots } from './provider-limits.ts'
import type { RecordOutcome } from './record-outcome.ts'
import type { RefusalJudge } from './refusal-judge.ts'
import type { Sending, StillAllowed } from './still-allowed.ts'
import type { AttemptRequest, OutcomeWord, Trial, Verdict } from './trial.ts'

export interface RefreshOptions {
  readonly slots: Pick<AppSlots, 'knows' | 'enter'>
  readonly admission: Pick<AppAdmission, 'waitForApp'>
  readonly stillAllowed: StillAllowed
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly judge: RefusalJudge
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
export function createRefresh(options: RefreshOptions): (trial: Trial) => Promise<OutcomeWord> {
  const { slots, admission, stillAllowed, provider, judge, record, clock, timers } = options

  /** If the time ran out between two secrets, the refusal of the last one is the outcome. */
  function failed(trial: Trial, failure: Failure, how?: Pick<Verdict, 'alone'>): Promise<OutcomeWord> {
    const { verdict } = trial
    if (verdict !== null && isUndecided(failure)) return record.failed(trial, verdict.failure, verdict)
    return record.failed(trial, failure, how)
  }

  async function refresh(trial: Trial): Promise<OutcomeWord> {
    const { app } = trial.saved.snapshot.context
    for (let waits = !slots.knows(app); ; waits = true) {
      const held = waits ? await admission.waitForApp(trial) : null
      if (held !== null) return failed(trial, held)
      const leave = await slots.enter(app, trial.attempt.sendBy - clock.now())
      if (leave === null) return failed(trial, unsent('T', causedBy('too_many_at_once')))
      // Hold a slot no longer than the cluster waits for the attempt.
      const callOff = timers.after(trial.attempt.giveUpAt - clock.now(), leave)
      try {
        const ended = await sendUntilDecided(trial)
        if (ended !== 'wait') return ended
      } finally {
        callOff()
        leave()
      }
    }
  }

  async function sendUntilDecided(trial: Trial): Promise<OutcomeWord | 'wait'> {
    const barred = trial.sends === 0 ? await barredBeforeSending(trial) : null
    if (barred !== null) return barred
    for (;;) {
      const allowed = await stillAllowed(trial)
      if (allowed === 'wait') return 'wait'
      if ('failure' in allowed) return failed(trial, allowed.failure)
      const ended = await sendOnce(trial, allowed)
      if (ended !== 'again') return ended
    }
  }

  async function barredBeforeSending(trial: Trial): Promise<OutcomeWord | null> {
    if (!(await options.maySend(trial.account))) return 'kept'
    if (await options.confirmIntent(trial)) return null
    return record.failed(trial, unsent('T', causedBy('intent_not_replicated')))
  }

  async function sendOnce(trial: Trial, sending: Sending): Promise<OutcomeWord | 'wait' | 'again'> {
    const { app, place, client, asking } = sending
    const startedAt = clock.now()
    trial.left = true
    const answer: TokenAnswer = await provider.refreshToken(sending.requestAt(startedAt))
    const sent = { at: startedAt, endpoint: app.endpoint, question: app.context.question?.id ?? null }
    // Store the tokens first, before any interpretation of the answer.
    if (answer.kind === 'tokens') return record.tokens(trial, { ...sending, sent, answer })
    trial.sends++
    const { refusal } = answer
    const moved = refusalOfMoved({ refusal, place, app })
    if (moved !== null && !refusal.sent) return record.failed(trial, moved)
    const judgement = await judge(trial, {
      app,
      config: sending.config,
      client,
      asking,
      sent,
      refusal,
      moved,
    })
    if (judgement === 'wait' || judgement === 'again') return judgement
    return failed(trial, judgement.failure, judgement)
  }

  return refresh
}

/** The last request was not sent, or it was too late to ask again. */
function isUndecided({ class: failureClass, reason, inDoubt, providerError }: Failure): boolean {
  const wasNotSent = failureClass === 'T' && !inDoubt && providerError.status === null
  return wasNotSent || reason === 'client_in_question'
}
