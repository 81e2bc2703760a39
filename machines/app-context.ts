import type { ProviderError } from './account-context.ts'
import type { RefusedEndpoint } from './refused-endpoint.ts'

/** The states of an app. In `secret-expired` its accounts wait for another client secret. */
export const appStates = ['healthy', 'secret-expiring', 'secret-expired', 'throttled'] as const
/** A state of the app machine. */
export type AppState = (typeof appStates)[number]

/** A client secret as the machine knows it: never its text. Times in milliseconds. */
export interface SecretStatus {
  /** The id under which it was added. */
  readonly id: string
  /** Null if unknown. */
  readonly expiresAt: number | null
  /** The provider has refused it. */
  readonly rejected: boolean
  /** The last announced threshold of remaining days. */
  readonly warnedDays: number | null
}

/** Of schema 2, and read by older nodes only; always null since. */
export interface LegacySuspicion {
  readonly attempt: string
  readonly at: number
  readonly asks: 'next' | 'again'
}

/**
 * The kind of error code in a refusal: `client` names the client; `general` may mean the client or the grant
 * (`access_denied`); `unknown` is a code without a known meaning.
 */
export type EvidenceKind = 'client' | 'general' | 'unknown'

/**
 * The half-open state of the app's circuit: opened by a refusal that may concern the client, or one grant only. Only requests
 * sent later, with its id, are evidence. Bounded: a second refused grant ends it if no control is conclusive.
 */
export interface Question {
  /** Requests sent later carry it; only these count as evidence. */
  readonly id: string
  /** The kind of the first refusal. */
  readonly accusation: EvidenceKind
  /** The token endpoint and client. */
  readonly endpoint: string
  /** Milliseconds. */
  readonly openedAt: number
  /** The refused grants, the one that opened the question first. */
  readonly grants: readonly string[]
  /** The number of refusals that count as evidence. */
  readonly refusals: number
  /** True if one of them had been refreshed before. */
  readonly worked?: boolean
  /** Milliseconds. */
  readonly lastRefusalAt: number
  /** Secrets refused for the first grant, if another secret may be accepted. */
  readonly refusedSecrets: readonly string[]
  /** Secrets refused so far, by grant, if the attempt ended before it had tried all of them. */
  readonly tried?: readonly { readonly grant: string; readonly secrets: readonly string[] }[]
  /** The attempt that is the current probe; other attempts wait. */
  readonly probe: string | null
  /** When the probe or the control was sent. */
  readonly probedAt: number
  /** When another account was last chosen as a probe. */
  readonly lookedAt: number
  /** How often more evidence was requested. */
  readonly rounds: number
  /** The control request: not sent, in flight, or answered without a conclusion. */
  readonly control: 'none' | 'sent' | 'inconclusive'
}

/**
 * How the provider answers a made-up refresh token with the app's own secret, and with a made-up secret. If the two answers
 * are equal, controls are inconclusive.
 */
export interface Baseline {
  /** The token endpoint and client that it was learnt at. */
  readonly endpoint: string
  /** The answer to the app's own secret, in a comparable form. */
  readonly ownSecret: string
  /** The answer to a made-up secret, in the same form. */
  readonly madeUpSecret: string
}

/** A grant that was recently refused with a general error code. */
export interface GeneralRefusal {
  readonly grant: string
  readonly at: number
}

/** Why the provider refuses the app. */
export interface AppError {
  /** A reason of the error catalogue. */
  readonly reason: string
  /** What to do, in a sentence. */
  readonly action: string
  /** The provider's error codes, never its free text. */
  readonly providerError: ProviderError
}

/** A client secret in a put. `fresh`: the app did not have it before. */
export interface SecretPut {
  readonly id: string
  readonly expiresAt: number | null
  readonly fresh: boolean
}

/** All an app remembers beside its configuration. Times are in milliseconds of cluster time; no secret is ever in it. */
export interface AppContext {
  /** The id of the app. */
  readonly app: string
  /** In the order in which they are tried. */
  readonly secrets: readonly SecretStatus[]
  /** Always null; kept for older nodes. */
  readonly suspicion: LegacySuspicion | null
  /** The half-open circuit; null otherwise. */
  readonly question: Question | null
  /** When the circuit was last closed in the app's favour. */
  readonly clearedAt: number
  /** When the client was first accepted; 0 if never. */
  readonly acceptedAt: number
  /** Null until it was learnt. */
  readonly baseline: Baseline | null
  /** When to learn the baseline next; null if no request was accepted yet. */
  readonly baselineAt: number | null
  /** When the last control was sent; 0 if never. */
  readonly controlAt: number
  /** The grant last refused with a general error code, within a day; null if there is none. */
  readonly denial: GeneralRefusal | null
  /** The last few refused endpoints of an app with `urlParams`. */
  readonly endpoints: readonly RefusedEndpoint[]
  /** Since when all grants are refused with unknown error codes; null if they are not. */
  readonly refusedSince: number | null
  /** The last account that probed whether the app works again; null while it works. */
  readonly lastProbed: string | null
  /** The account that looks next: its grant is newer than what the app was judged by. */
  readonly newcomer: string | null
  /** No request is sent before this, as the provider demands; 0 if it does not. */
  readonly throttledUntil: number
  /** Consecutive probes without success; determines their backoff. */
  readonly probes: number
  /** When an open circuit is probed next; null while it is not open. */
  readonly probeAt: number | null
  /** Accounts waiting for a secret still have to be woken. */
  readonly waking: boolean
  /** All its accounts have to be woken then, because the app was disabled. */
  readonly wakingAll?: boolean
  /** When the app wants its next `timer.due`; null if it does not. */
  readonly wakeAt: number | null
  /** When the app entered its state. */
  readonly since: number
  /** Why the provider refuses the app; null if it does not. */
  readonly lastError: AppError | null
  /** Why the last consent came to nothing, where the app is to blame; null once one has come to something. */
  readonly consentFault: AppError | null
}

/**
 * The context of an app before its first event.
 *
 * @example
 * ```ts
 * const snapshot = fromStored(appMachine, { schema: snapshotSchema, value: 'healthy', context: newApp({ app: 'google' }) })
 * ```
 */
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
    endpoints: [],
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
    consentFault: null,
  }
}
