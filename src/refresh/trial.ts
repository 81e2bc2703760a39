import type { Attempt } from '../../machines/index.ts'
import type { LoadedAccount } from '../actors/account-actor.ts'
import type { Failure } from '../actors/attempt-failure.ts'
import type { Refusal } from '../provider/classified.ts'

export interface AttemptRequest {
  readonly account: string
  readonly attempt: Attempt
  /** The account as the save of this intent left it: what the answer will meet, unless somebody else saves first. */
  readonly saved: LoadedAccount
}

/** What an attempt that has not left yet may still be told: that its account has moved on without it. */
export interface Ticket {
  readonly version: number
  valid: boolean
}

/** `alone`: the app is well, and what it lacks it lacks for this account. */
export interface Verdict {
  readonly failure: Failure
  readonly alone: boolean
}

/** One attempt's requests: several where secrets are tried, or where the app was in question. */
export interface Trial extends AttemptRequest {
  readonly ticket: Ticket
  /** Secrets that were refused to this grant just now. */
  tried: string[]
  sends: number
  /** A request was begun: from now on its answer may be missing. */
  left: boolean
  /** When this grant was first refused in words that may be about the client. */
  refusedBefore: number | null
  refusal: Refusal | null
  /** What the last refusal means should there be no time left for another secret. */
  verdict: Verdict | null
}

/** How an attempt ended: `succeeded`, `kept` (its answer is stored later), or the class of its failure. */
export type OutcomeWord = 'succeeded' | 'kept' | Failure['class']
