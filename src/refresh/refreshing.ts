import type { Logger } from 'pino'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import type { OperatorLog } from '../actors/operator-log.ts'
import type { SealedTokens } from '../actors/sealed-tokens.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import type { Timers } from '../common/timers.ts'
import type { Provider } from '../provider/provider.ts'
import type { Answer } from './answer-text.ts'
import { createAppAdmission } from './app-admission.ts'
import { createAppReports } from './app-circuit.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import type { Held } from './pending-answers.ts'
import { createAppSlots } from './provider-limits.ts'
import { createRecordOutcome } from './record-outcome.ts'
import { createRefresh } from './refresh.ts'
import { createRefusalJudge } from './refusal-judge.ts'
import { createStillAllowed } from './still-allowed.ts'
import type { AttemptRequest } from './trial.ts'
import { createWaitingForApp, type WaitingForApp } from './waiting-for-app.ts'

export interface RefreshingOptions {
  readonly accounts: Pick<Accounts, 'receive'>
  readonly apps: Apps
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly sealed: SealedTokens
  readonly clock: ClusterClock
  readonly timers: Timers
  readonly logger: Logger
  readonly observer: Observer
  readonly operatorLog: OperatorLog
  /** Resolves once the answer is stored, or kept for later. */
  hold(answer: Answer, saved: LoadedAccount): Promise<Held | null>
  maySend(account: string): Promise<boolean>
  confirmIntent(request: AttemptRequest): Promise<boolean>
}

export interface Refreshing {
  readonly attempts: Attempts
  readonly waitingForApp: WaitingForApp
}

/** Composes the refresh of accounts on this node; see `refresh.ts` for the steps. */
export function createRefreshing(options: RefreshingOptions): Refreshing {
  const { apps, clock, timers } = options
  const slots = createAppSlots(timers)
  const reports = createAppReports({ apps, clock, slots })
  const admission = createAppAdmission({ reports, clock, timers })
  const judge = createRefusalJudge({ apps, reports, clock })
  const stillAllowed = createStillAllowed({ ...options, reports, admission })
  const waitingForApp = createWaitingForApp({ ...options, slots })
  const record = createRecordOutcome({ ...options, reports, waitingForApp })
  const refresh = createRefresh({ ...options, slots, admission, stillAllowed, judge, record })
  const attempts = createAttempts({ ...options, refresh, record, slots, reports })
  return { attempts, waitingForApp }
}
