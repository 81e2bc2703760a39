import type { ProviderError } from './account-context.ts'

/** The states of an app. In `secret-expired` its accounts wait for another client secret. */
export const appStates = ['healthy', 'secret-expiring', 'secret-expired', 'throttled'] as const
/** A state of the app machine. */
export type AppState = (typeof appStates)[number]

/** A client secret as the machine knows it: never its text. Times in milliseconds. */
export interface SecretStatus {
  readonly id: string
  readonly expiresAt: number | null
  readonly rejected: boolean
  /** The days-left threshold that was announced last. */
  readonly warnedDays: number | null
}

/** Of schema 2, and read by older nodes only; always null since. */
export interface Suspicion {
  readonly attempt: string
  readonly at: number
  readonly asks: 'next' | 'again'
}

/**
 * What a refusal says: the client is not accepted, a general word that some providers use for that too (`access_denied`),
 * or words nobody knows.
 */
export type Accusation = 'client' | 'general' | 'unknown'

/**
 * Opened by a refusal that may be about the client or about one grant alone. Only requests sent after it was opened, with
 * its id, are evidence. Bounded: a second refused grant ends it where grants decide.
 */
export interface Question {
  readonly id: string
  readonly accusation: Accusation
  /** Which token endpoint, as which client. */
  readonly endpoint: string
  readonly openedAt: number
  /** The first is the one that opened it. */
  readonly grants: readonly string[]
  readonly refusals: number
  /** One of them had been refreshed before. */
  readonly worked?: boolean
  readonly lastRefusalAt: number
  /** Secrets that were refused to the first grant, where another one may be accepted. */
  readonly refusedSecrets: readonly string[]
  /** By grant, those refused to it so far where its attempt ended before it had tried them all. */
  readonly tried?: readonly { readonly grant: string; readonly secrets: readonly string[] }[]
  /** The attempt that may be sent to find out more; other attempts wait. */
  readonly probe: string | null
  /** When it, or the control, was let out. */
  readonly probedAt: number
  /** When another account was called to find out more. */
  readonly lookedAt: number
  /** How often the app looked for more evidence. */
  readonly rounds: number
  readonly control: 'none' | 'sent' | 'inconclusive'
}

/**
 * How the provider answers a made-up refresh token: with the app's own secret, and with a made-up one. Where the two
 * answers are equal, a control says nothing (it is blind).
 */
export interface Baseline {
  readonly endpoint: string
  readonly ownSecret: string
  readonly madeUpSecret: string
}

/** A grant that was refused in a general word, not long ago. */
export interface Denial {
  readonly grant: string
  readonly at: number
}

/** Why the provider does not take the app. */
export interface AppError {
  readonly reason: string
  readonly action: string
  readonly providerError: ProviderError
}

/** A client secret as it is put. `fresh`: its text was not there before. */
export interface SecretPut {
  readonly id: string
  readonly expiresAt: number | null
  readonly fresh: boolean
}

/** All an app remembers beside its configuration. Times are in milliseconds of cluster time; no secret is ever in it. */
export interface AppContext {
  readonly app: string
  readonly secrets: readonly SecretStatus[]
  readonly suspicion: Suspicion | null
  readonly question: Question | null
  /** When the last question was closed in favour of the app. */
  readonly clearedAt: number
  /** When its client was first seen accepted; 0 where it was not yet. */
  readonly acceptedAt: number
  readonly baseline: Baseline | null
  /** When the baseline is to be learnt; null where it is known, or nothing was accepted yet. */
  readonly baselineAt: number | null
  /** When the last control was sent; 0 where none was. */
  readonly controlAt: number
  readonly denial: Denial | null
  /** Since when every grant is refused in words nobody knows; null where they are not. */
  readonly refusedSince: number | null
  /** The account that looked last whether the broken app works again. */
  readonly lastProbed: string | null
  /** The account that looks next: its grant is newer than what the app was judged by. */
  readonly newcomer: string | null
  readonly throttledUntil: number
  readonly probes: number
  readonly probeAt: number | null
  /** Accounts that waited for a secret have still to be woken. */
  readonly waking: boolean
  readonly wakeAt: number | null
  readonly since: number
  readonly lastError: AppError | null
}

interface Happened {
  readonly at: number
  readonly id: string
}

/** Under what a request was sent, as its sender saw the app right before. */
export interface Sent {
  readonly at: number
  readonly endpoint: string
  readonly question: string | null
}

/** A refusal that may be about the client. */
export interface ClientRejected extends Happened, AppError {
  readonly type: 'client.rejected'
  readonly accusation: Accusation
  readonly attempt: string
  readonly grant: string
  readonly sent: Sent
  /** Has the grant ever been refreshed? */
  readonly workedBefore: boolean
  /** When the grant was refused like that before; null where it was not. */
  readonly refusedBefore: number | null
  /** Secrets the attempt has tried, where another one may be accepted; empty where none would help. */
  readonly refusedSecrets: readonly string[]
  /** The attempt goes on with another secret. */
  readonly triesNext: boolean
  /** Refusals of this grant before that say the same, and since when. */
  readonly earlier: { readonly count: number; readonly since: number } | null
}

export interface ClientAccepted extends Happened {
  readonly type: 'client.accepted'
  readonly secret: string | null
  readonly sent: Sent
  /** Secrets that were refused to the same grant just before. */
  readonly refusedSecrets: readonly string[]
}

/** An attempt asks to be the one that finds out more. */
export interface ClientQuestioned extends Happened {
  readonly type: 'client.questioned'
  readonly attempt: string
  readonly grant: string
  readonly endpoint: string
  readonly workedBefore: boolean
}

export interface ControlAnswered extends Happened, AppError {
  readonly type: 'control.answered'
  readonly question: string
  readonly secret: string | null
  /** Comparable with the baseline; null where nothing was answered that says anything. */
  readonly answer: string | null
  /** Do its words accuse the client? */
  readonly accuses: boolean
}

/** `baseline` null: it could not be learnt now. */
export interface BaselineLearnt extends Happened {
  readonly type: 'baseline.learnt'
  readonly baseline: Baseline | null
}

/** No other account can be asked now. */
export interface WitnessAbsent extends Happened {
  readonly type: 'witness.absent'
  readonly question: string
  /** As many as are asked have been refused. */
  readonly allRefused?: boolean
}

/** All that can happen to an app. */
export type AppEvent =
  | (Happened & {
      readonly type: 'app.secret-updated'
      readonly secrets: readonly SecretPut[]
      /** Something is different from before: what was refused because of it may work now. */
      readonly changed?: boolean
    })
  | ClientRejected
  | ClientAccepted
  | ClientQuestioned
  | ControlAnswered
  | BaselineLearnt
  | WitnessAbsent
  /** `newcomer.waits`: one whose grant came after the app broke. */
  | (Happened & { readonly type: 'account.probed' | 'newcomer.waits'; readonly account: string })
  | (Happened & { readonly type: 'provider.throttled'; readonly until: number })
  | (Happened & { readonly type: 'accounts.woken' })
  | (Happened & { readonly type: 'timer.due' })

/** What the app asks its host to do, and what it announces. */
export type AppEffect =
  | { readonly type: 'accounts.wake' }
  | { readonly type: 'account.probe' }
  /** Send a made-up refresh token with this secret. */
  | { readonly type: 'control.send'; readonly question: string; readonly secret: string | null }
  | { readonly type: 'baseline.learn' }
  | ({ readonly type: 'app.refused' } & AppError)
  | {
      readonly type: 'app.secret-expiring'
      readonly secret: string
      readonly days: number
      readonly expiresAt: number
    }
  | ({ readonly type: 'app.secret-expired' } & AppError)
  | { readonly type: 'app.secret-restored' }

/** An app that nothing has happened to. */
export function newApp({ app }: { app: string }): AppContext {
  return {
    app,
    secrets: [],
    suspicion: null,
    question: null,
    clearedAt: 0,
    acceptedAt: 0,
    baseline: null,
    baselineAt: null,
    controlAt: 0,
    denial: null,
    refusedSince: null,
    lastProbed: null,
    newcomer: null,
    throttledUntil: 0,
    probes: 0,
    probeAt: null,
    waking: false,
    wakeAt: null,
    since: 0,
    lastError: null,
  }
}
