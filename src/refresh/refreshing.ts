import type { Logger } from 'pino'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import type { OperatorLog } from '../actors/operator-log.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import type { Timers } from '../common/timers.ts'
import type { Provider } from '../provider/provider.ts'
import type { Answer } from './answer-text.ts'
import { createAppCircuit } from './app-circuit.ts'
import type { AttemptRequest } from './attempt-run.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import { createCircuitAdmission } from './circuit-admission.ts'
import type { StoreOutcome } from './pending-answers.ts'
import { createProviderLimits } from './provider-limits.ts'
import { createRecordOutcome } from './record-outcome.ts'
import { createRefresh } from './refresh.ts'
import { createRefusalHandler } from './refusal-handler.ts'
import { createStillAllowed } from './still-allowed.ts'
import { createWaitingForApp, type WaitingForApp } from './waiting-for-app.ts'

export interface RefreshingOptions {
  readonly accounts: Pick<Accounts, 'receive' | 'open'>
  readonly apps: Apps
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly clock: ClusterClock
  readonly timers: Timers
  readonly logger: Logger
  readonly observer: Observer
  readonly operatorLog: OperatorLog
  /** Resolves once the answer is stored, or kept for later. */
  storeAnswer(answer: Answer, saved: LoadedAccount): Promise<StoreOutcome | null>
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
  const limits = createProviderLimits(timers)
  const circuit = createAppCircuit({ apps, clock, limits })
  const admission = createCircuitAdmission({ circuit, clock, timers })
  const handleRefusal = createRefusalHandler({ apps, circuit, clock })
  const stillAllowed = createStillAllowed({ ...options, circuit, admission })
  const waitingForApp = createWaitingForApp({ ...options, limits })
  const record = createRecordOutcome({ ...options, circuit, waitingForApp })
  const refresh = createRefresh({ ...options, limits, admission, stillAllowed, handleRefusal, record })
  const attempts = createAttempts({ ...options, refresh, record, limits, circuit })
  return { attempts, waitingForApp }
}
