import { type Asking, type Attempt, admissionOf } from '../../machines/index.ts'
import type { App } from '../actors/app-actor.ts'
import { appsFault, type Failure, unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import { causedBy } from '../contract/reasons.ts'
import { inQuestion, refusedBeforeOf } from './accusation.ts'
import type { AppReports } from './app-circuit.ts'
import type { AttemptRequest, Ticket, Trial } from './trial.ts'

export interface AppAdmissionOptions {
  readonly reports: Pick<AppReports, 'look' | 'question'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Pick<Timers, 'delay'>
}

export interface AppAdmission {
  /** Why the request must not be sent, now or later; null if it may be. */
  heldBack(app: App, trial: Trial): Failure | null
  undecided(trial: Trial): Failure
  /** The identity of an attempt when it asks to be sent and reports its result. */
  askingOf(app: App, trial: Trial): Omit<Asking, 'at'>
  mayGo(app: App, trial: Trial): boolean
  /** Waits until the app's circuit is closed, or this attempt is the probe; then null. */
  waitForApp(trial: Trial): Promise<Failure | null>
}

const lookEvery = 250

/** Whether the app's circuit lets an attempt be sent: now, never, or later. */
export function createAppAdmission({ reports, clock, timers }: AppAdmissionOptions): AppAdmission {
  function reasonNotToSend(app: App, attempt: Attempt): Failure | null {
    const { sendBy, probe, from } = attempt
    const at = clock.now()
    if (app.config === null) return unsent('C', causedBy('app_not_found', 'here'))
    if (at >= sendBy) return unsent('T', causedBy('too_late_to_send'))
    if (app.state === 'secret-expired' && !(probe && from === 'secret-expired')) return appsFault(app)
    if (at < app.context.throttledUntil)
      return unsent('T', causedBy('throttled'), app.context.throttledUntil - at)
    return null
  }

  /** A refused attempt that is too late to be repeated ends with its inconclusive refusal. */
  function heldBack(app: App, trial: Trial): Failure | null {
    const held = reasonNotToSend(app, trial.attempt)
    return held?.reason === 'too_late_to_send' && trial.refusal !== null ? undecided(trial) : held
  }

  function undecided({ refusal, saved }: Trial): Failure {
    return inQuestion(refusal, saved.snapshot.context, lookEvery)
  }

  function askingOf(app: App, { attempt, saved, sends }: Trial): Omit<Asking, 'at'> {
    // Such a request has nothing of the account, so each counts as another grant's.
    const isAnybodys = app.config?.grant === 'client_credentials'
    return {
      attempt: attempt.id,
      grant: isAnybodys ? `${attempt.id}.${sends}` : attempt.grantId,
      endpoint: app.endpoint,
      workedBefore: isAnybodys || saved.snapshot.context.lastRefreshedAt !== null,
    }
  }

  return {
    heldBack,
    undecided,
    askingOf,
    mayGo: (app, trial) => admissionOf(app.context, { ...askingOf(app, trial), at: clock.now() }) === 'go',
    async waitForApp(trial) {
      const { attempt, saved } = trial
      const { app: id, params } = saved.snapshot.context
      for (;;) {
        let app = await reports.look(id, params)
        const held = heldBack(app, trial)
        if (held !== null) return held
        const asking = askingOf(app, trial)
        const turn = admissionOf(app.context, { ...asking, at: clock.now() })
        if (turn === 'ask') app = await reports.question(id, asking)
        if (turn === 'go' || app.context.question?.probe === attempt.id) return null
        // A refused attempt keeps waiting too, to learn how the question ends.
        if (clock.now() + lookEvery >= attempt.sendBy) return undecided(trial)
        await timers.delay(lookEvery)
      }
    },
  }
}

export function newTrial(request: AttemptRequest, ticket: Ticket): Trial {
  const refusedBefore = refusedBeforeOf(request.saved.snapshot.context)
  return {
    ...request,
    ticket,
    tried: [],
    sends: 0,
    left: false,
    refusedBefore,
    refusal: null,
    verdict: null,
  }
}
