import type { ProviderError } from './account-context.ts'
import type { RefusedEndpoint } from './refused-endpoint.ts'

/** The states of an app. In `secret-expired` its accounts wait for another client secret. */
export const appStates = ['healthy', 'secret-expiring', 'secret-expired', 'throttled'] as const
/** A state of the app machine. */
export type AppState = (typeof appStates)[number]

/** A client secret as the machine knows it: never its text. Times in milliseconds. */
export interface SecretStatus {
  readonly id: string
  readonly expiresAt: number | null
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
  readonly id: string
  readonly accusation: EvidenceKind
  /** The token endpoint and client. */
  readonly endpoint: string
  readonly openedAt: number
  /** The refused grants, the one that opened the question first. */
  readonly grants: readonly string[]
  readonly refusals: number
  /** True if one of them had been refreshed before. */
  readonly worked?: boolean
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
  readonly control: 'none' | 'sent' | 'inconclusive'
}

/**
 * How the provider answers a made-up refresh token with the app's own secret, and with a made-up secret. If the two answers
 * are equal, controls are inconclusive.
 */
export interface Baseline {
  readonly endpoint: string
  readonly ownSecret: string
  readonly madeUpSecret: string
}

/** A grant that was recently refused with a general error code. */
export interface GeneralRefusal {
  readonly grant: string
  readonly at: number
}

/** Why the provider refuses the app. */
export interface AppError {
  readonly reason: string
  readonly action: string
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
  readonly app: string
  readonly secrets: readonly SecretStatus[]
  readonly suspicion: LegacySuspicion | null
  readonly question: Question | null
  /** When the circuit was last closed in the app's favour. */
  readonly clearedAt: number
  /** When the client was first accepted; 0 if never. */
  readonly acceptedAt: number
  readonly baseline: Baseline | null
  /** When to learn the baseline next; null if no request was accepted yet. */
  readonly baselineAt: number | null
  /** When the last control was sent; 0 if never. */
  readonly controlAt: number
  readonly denial: GeneralRefusal | null
  /** The last few refused endpoints of an app with `urlParams`. */
  readonly endpoints: readonly RefusedEndpoint[]
  /** Since when all grants are refused with unknown error codes; null if they are not. */
  readonly refusedSince: number | null
  /** The last account that probed whether the app works again. */
  readonly lastProbed: string | null
  /** The account that looks next: its grant is newer than what the app was judged by. */
  readonly newcomer: string | null
  readonly throttledUntil: number
  readonly probes: number
  readonly probeAt: number | null
  /** Accounts waiting for a secret still have to be woken. */
  readonly waking: boolean
  /** All its accounts have to be woken then, because the app was disabled. */
  readonly wakingAll?: boolean
  readonly wakeAt: number | null
  readonly since: number
  readonly lastError: AppError | null
  /** Why the last consent came to nothing, where the app is to blame; null once one has come to something. */
  readonly consentFault: AppError | null
}

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
