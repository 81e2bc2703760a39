import { admissionOf, type ProbeCandidate } from '../../machines/index.ts'
import type { App } from '../actors/app-actor.ts'
import { appsFault, type Failure, unsent } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import { causedBy } from '../contract/reasons.ts'
import type { AppCircuit } from './app-circuit.ts'
import type { AttemptRun } from './attempt-run.ts'
import { inconclusiveFailure } from './refusal-outcome.ts'

export interface CircuitAdmissionOptions {
  readonly circuit: Pick<AppCircuit, 'look' | 'requestProbe'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Pick<Timers, 'delay'>
}

export interface CircuitAdmission {
  /** Why the request must not be sent, now or later; null if it may be. */
  reasonNotToSend(app: App, run: AttemptRun): Failure | null
  inconclusive(run: AttemptRun): Failure
  /** The identity of an attempt when it asks to be sent and reports its result. */
  candidateOf(app: App, run: AttemptRun): Omit<ProbeCandidate, 'at'>
  maySend(app: App, run: AttemptRun): boolean
  /** Waits until the app's circuit is closed, or this attempt is the probe; then null. */
  waitForApp(run: AttemptRun): Promise<Failure | null>
}

const pollInterval = 250

/** Whether the app's circuit lets an attempt be sent: now, never, or later. */
export function createCircuitAdmission({
  circuit,
  clock,
  timers,
}: CircuitAdmissionOptions): CircuitAdmission {
  function blockedBy(app: App, { attempt, saved }: AttemptRun): Failure | null {
    const { sendBy, probe, from } = attempt
    const at = clock.now()
    if (app.config === null) return unsent('C', causedBy('app_not_found', 'here'))
    if (app.config.enabled === false) return unsent('T', causedBy('app_disabled', 'here'))
    if (at >= sendBy) return unsent('T', causedBy('too_late_to_send'))
    // A probe that was meant for a question is not sent once the app is down.
    const isElected = from === 'secret-expired' || app.context.lastProbed === saved.snapshot.context.account
    const isProbeOfDownApp = probe && isElected
    if (app.state === 'secret-expired' && !isProbeOfDownApp) return appsFault(app)
    if (at < app.context.throttledUntil)
      return unsent('T', causedBy('throttled'), app.context.throttledUntil - at)
    return null
  }

  /** A refused attempt that is too late to be repeated ends with its inconclusive refusal. */
  function reasonNotToSend(app: App, run: AttemptRun): Failure | null {
    const reason = blockedBy(app, run)
    return reason?.reason === 'too_late_to_send' && run.refusal !== null ? inconclusive(run) : reason
  }

  function inconclusive({ refusal, saved }: AttemptRun): Failure {
    return inconclusiveFailure(refusal, saved.snapshot.context, pollInterval)
  }

  function candidateOf(app: App, { attempt, saved, sends }: AttemptRun): Omit<ProbeCandidate, 'at'> {
    // Such a request depends on no account, so each counts as another grant.
    const isAppsOwn = app.config?.grant === 'client_credentials'
    return {
      attempt: attempt.id,
      grant: isAppsOwn ? `${attempt.id}.${sends}` : attempt.grantId,
      endpoint: app.endpoint,
      workedBefore: isAppsOwn || saved.snapshot.context.lastRefreshedAt !== null,
    }
  }

  return {
    reasonNotToSend,
    inconclusive,
    candidateOf,
    maySend: (app, run) => admissionOf(app.context, { ...candidateOf(app, run), at: clock.now() }) === 'send',
    async waitForApp(run) {
      const { attempt, saved } = run
      const { app: id, params } = saved.snapshot.context
      for (;;) {
        let app = await circuit.look(id, params)
        const reason = reasonNotToSend(app, run)
        if (reason !== null) return reason
        const candidate = candidateOf(app, run)
        const admission = admissionOf(app.context, { ...candidate, at: clock.now() })
        if (admission === 'probe') app = await circuit.requestProbe(id, candidate)
        if (admission === 'send' || app.context.question?.probe === attempt.id) return null
        // A refused attempt keeps waiting too, to learn how the question ends.
        if (clock.now() + pollInterval >= attempt.sendBy) return inconclusive(run)
        await timers.delay(pollInterval)
      }
    },
  }
}
