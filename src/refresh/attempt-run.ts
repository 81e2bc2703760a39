import type { Attempt } from '../../machines/index.ts'
import type { LoadedAccount } from '../actors/account-actor.ts'
import type { Failure } from '../actors/attempt-failure.ts'
import type { Refusal } from '../provider/classified.ts'
import { refusedBeforeOf } from './client-evidence.ts'

export interface AttemptRequest {
  readonly account: string
  readonly attempt: Attempt
  /** The account as saved with the intent; the answer is applied to it unless another node saves first. */
  readonly saved: LoadedAccount
}

/** Cancels an attempt that has not been sent, because its account has changed. */
export interface SendPermit {
  readonly version: number
  valid: boolean
}

/** The outcome of an attempt without tokens. `accountOnly`: it is no evidence about the app. */
export interface FailedOutcome {
  readonly failure: Failure
  readonly accountOnly: boolean
}

/** The state of one attempt, which may send several requests with different secrets. */
export interface AttemptRun extends AttemptRequest {
  readonly permit: SendPermit
  /** Secrets refused in this attempt. */
  tried: string[]
  sends: number
  /** A request was started, so its answer may be missing from now on. */
  left: boolean
  /** When this grant was first refused in a way that may concern the client. */
  refusedBefore: number | null
  refusal: Refusal | null
  /** The outcome if there is no time left for another secret. */
  fallback: FailedOutcome | null
}

/** The outcome of an attempt: `succeeded`, `kept` (its answer will be stored later), or the class of its failure. */
export type OutcomeWord = 'succeeded' | 'kept' | Failure['class']

export function newAttemptRun(request: AttemptRequest, permit: SendPermit): AttemptRun {
  const refusedBefore = refusedBeforeOf(request.saved.snapshot.context)
  return {
    ...request,
    permit,
    tried: [],
    sends: 0,
    left: false,
    refusedBefore,
    refusal: null,
    fallback: null,
  }
}
