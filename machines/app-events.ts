import type { AppError, Baseline, EvidenceKind, SecretPut } from './app-context.ts'
import type { EndpointEvent } from './refused-endpoint.ts'

interface Happened {
  /** Cluster time in milliseconds. */
  readonly at: number
  /** Random; becomes the id of a question that this event opens. */
  readonly id: string
}

/** The app's state that the sender saw right before the request. */
export interface Sent {
  /** When the request was sent, in milliseconds. */
  readonly at: number
  /** The token endpoint and client. */
  readonly endpoint: string
  /** The id of the question that was open; null if none was. */
  readonly question: string | null
}

/** A refusal that may be about the client. */
export interface ClientRejected extends Happened, AppError {
  readonly type: 'client.rejected'
  /** The kind of the error code. */
  readonly accusation: EvidenceKind
  /** The id of the attempt. */
  readonly attempt: string
  /** The grant that was sent. */
  readonly grant: string
  /** What its sender knew of the app; decides whether it counts as evidence. */
  readonly sent: Sent
  /** True if the grant has ever been refreshed. */
  readonly workedBefore: boolean
  /** When the grant was first refused like this; null if never. */
  readonly refusedBefore: number | null
  /** Secrets the attempt has tried, if another one may be accepted; empty if none would help. */
  readonly refusedSecrets: readonly string[]
  /** The attempt continues with another secret. */
  readonly triesNext: boolean
  /** Earlier refusals of this grant of the same kind, and the time of the first. */
  readonly earlier: { readonly count: number; readonly since: number } | null
}

export interface ClientAccepted extends Happened {
  readonly type: 'client.accepted'
  readonly secret: string | null
  readonly sent: Sent
  /** Secrets refused for the same grant just before. */
  readonly refusedSecrets: readonly string[]
}

/** An attempt asks to be the probe. */
export interface ClientQuestioned extends Happened {
  readonly type: 'client.questioned'
  /** The id of the attempt. */
  readonly attempt: string
  /** The grant that it would send. */
  readonly grant: string
  /** The token endpoint and client. */
  readonly endpoint: string
  /** True if the grant has ever been refreshed. */
  readonly workedBefore: boolean
}

export interface ControlAnswered extends Happened, AppError {
  readonly type: 'control.answered'
  readonly question: string
  readonly secret: string | null
  /** Comparable with the baseline; null if inconclusive. */
  readonly answer: string | null
  /** True if its error code names the client. */
  readonly accuses: boolean
}

/** `baseline` is null if it could not be learnt. */
export interface BaselineLearnt extends Happened {
  readonly type: 'baseline.learnt'
  readonly baseline: Baseline | null
}

/** No other account can be probed now. */
export interface WitnessAbsent extends Happened {
  readonly type: 'witness.absent'
  readonly question: string
  /** All accounts that may be probed have been refused. */
  readonly allRefused?: boolean
}

/** All that can happen to an app. */
export type AppEvent =
  | (Happened & {
      readonly type: 'app.secret-updated'
      readonly secrets: readonly SecretPut[]
      /** Settings or secrets have changed, so what was refused because of them may work now. */
      readonly changed?: boolean
      /** The app was disabled until now. */
      readonly enabledAgain?: boolean
    })
  | ClientRejected
  | ClientAccepted
  | ClientQuestioned
  | ControlAnswered
  | BaselineLearnt
  | WitnessAbsent
  | EndpointEvent
  | (Happened & { readonly type: 'consent.refused' } & AppError)
  | (Happened & { readonly type: 'consent.accepted' })
  /** `newcomer.waits`: an account with a grant newer than the app's failure. */
  | (Happened & { readonly type: 'account.probed' | 'newcomer.waits'; readonly account: string })
  | (Happened & { readonly type: 'provider.throttled'; readonly until: number })
  | (Happened & { readonly type: 'accounts.woken' })
  | (Happened & { readonly type: 'timer.due' })
