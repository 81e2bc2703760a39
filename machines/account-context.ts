import type { Resource, ResourceToken } from './account-resource.ts'
import type { AccountSettings } from './account-settings.ts'
import type { TokenBucket } from './token-bucket.ts'

/** The states of an account. `valid`, `expiring` and `refreshing` serve a token as long as it lives. */
export const accountStates = ['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired'] as const
/** A state of the account machine. */
export type AccountState = (typeof accountStates)[number]

/** A: the grant is dead. S: parked until a person acts. P: the app's fault. C: our configuration. T: transient. R: possible race. */
export type FailureClass = 'A' | 'S' | 'P' | 'C' | 'T' | 'R'

/** The provider's error: HTTP status, RFC 6749 §5.2 `error` and further codes. Never its free text. */
export interface ProviderError {
  /** HTTP status of the response; null if there was none. */
  readonly status: number | null
  /** RFC 6749 §5.2 `error`, or a word of tokenbus's own if no response was received, such as `answer_timeout`. */
  readonly error: string
  /** Microsoft's `suberror`, Google's `error_subtype` and similar fields. */
  readonly suberror?: string
  /** The provider's numeric codes, such as Microsoft's `AADSTS` numbers. */
  readonly codes?: readonly number[]
  /** The claims the user must satisfy when signing in again, as JSON. */
  readonly claims?: string
}

/** Which of the grant's refresh tokens an attempt sends. */
export type Spend = 'current' | 'previous' | 'sibling'

/** One refresh in flight in the whole cluster. Times are milliseconds of cluster time. */
export interface Attempt {
  /** The id of the event that started it. */
  readonly id: string
  /** The grant that the sent token belongs to. */
  readonly grantId: string
  /** The generation that it replaces; an answer is judged by this and `grantId`. */
  readonly generation: number
  /** The state before the attempt. */
  readonly from: AccountState
  /**
   * An attempt of a parked account, or as evidence about the app. It is repeated once, within a grace period; if it fails, a
   * parked or waiting account returns to its previous state.
   */
  readonly probe: boolean
  /** Which refresh token it sends. */
  readonly spend: Spend
  /** The `claims` parameter of the request (JSON), from an API's challenge. */
  readonly claims: string | null
  /** For a second token; null for the account's own. */
  readonly resource: Resource | null
  /** The account's wake-up time before this attempt. */
  readonly resumeAt: number | null
  /** When the intent was saved. */
  readonly startedAt: number
  /** An attempt not sent by then is dropped unsent. */
  readonly sendBy: number
  /** From then on the answer counts as missing, and any node may take over. */
  readonly giveUpAt: number
}

/** Why the account's token is not served, as announced in `token.invalid`. */
export interface Invalid {
  /** The state in which the token is not served. */
  readonly state: 'revoked' | 'secret-expired'
  /** A reason of the error catalogue, or an operator's own word. */
  readonly reason: string
  /** A: the grant has ended. S: a person has to act. P: the app is rejected. */
  readonly class: 'A' | 'S' | 'P'
  /** True if the same grant may work again. */
  readonly recoverable: boolean
  /** What to do, in a sentence. */
  readonly action: string
  /** The reason was concluded from the account's history; the provider gave none. */
  readonly inferred?: true
  /** Reported by an operator or a security event, not by the token endpoint. */
  readonly reported?: true
  /** The provider's error codes, never its free text. */
  readonly providerError: ProviderError
  /** The revision of the app's settings under which it was refused, if other settings may help. */
  readonly settings?: number
}

/** The last failed refresh of an account. `at` is in milliseconds of cluster time. */
export interface LastError {
  /** When the attempt failed. */
  readonly at: number
  /** Determines the retry or the end of the grant. */
  readonly class: FailureClass
  /** A reason of the error catalogue. */
  readonly reason: string
  /** What to do, in a sentence. */
  readonly action: string
  /** The provider's error codes, never its free text. */
  readonly providerError: ProviderError
}

/** An API rejected a token that cannot be replaced. Times in milliseconds. */
export interface Rejection {
  /** The generation that was reported. */
  readonly generation: number
  /** The time of the first report. */
  readonly since: number
  /** The token is not served before this time. */
  readonly until: number
}

/** The state of an account. It never contains secrets; tokens are stored encrypted beside it. */
export interface AccountContext extends AccountSettings {
  /** The id of the account. */
  readonly account: string
  /** Random per grant; null before the first grant and after removal. */
  readonly grantId: string | null
  /** False if there is only an access token, which can be served but not renewed. */
  readonly refreshable: boolean
  /** Counts stored tokens; never decreases, also across deletion. */
  readonly generation: number
  /** The generation of the account's own access token, to which the times and scopes here belong. */
  readonly tokenGeneration: number
  /** Start of the request that brought the current token, in milliseconds; 0 without one. */
  readonly issuedAt: number
  /** Expiry of the current token, in milliseconds; 0 without one, `never` if unknown. */
  readonly expiresAt: number
  /** The soft deadline. */
  readonly refreshAt: number
  /** The granted scopes, at most 256. */
  readonly scopes: readonly string[]
  /** When the account wants its next `timer.due`; null only for a dead or absent grant. */
  readonly wakeAt: number | null
  /** No refresh starts before this. */
  readonly retryAt: number
  /** Consecutive failed attempts; determines the backoff. */
  readonly failures: number
  /** When the account entered its announced state, in milliseconds. */
  readonly since: number
  /** The state before the last announced one; never `refreshing`, which is only transitional. */
  readonly previousState: AccountState | null
  /** When the grant was first put. */
  readonly authorizedAt: number
  /** When the refresh token expires; null if the provider does not report it. */
  readonly grantEndsAt: number | null
  /** `account.grant-expiring` has been published, or is not needed. */
  readonly grantEndTold: boolean
  /** The last success, in milliseconds; null if there was none. */
  readonly lastRefreshedAt: number | null
  /** The refresh in flight; null outside of `refreshing`. */
  readonly attempt: Attempt | null
  /** The attempt that brought the current generation; its answer may be delivered again. */
  readonly answeredBy: string | null
  /** Since when an answer to the current refresh token may be missing. */
  readonly doubtSince: number | null
  /** The refresh token before the current one is stored. */
  readonly hasPrevious: boolean
  /** The unused refresh token of a second answer is stored. */
  readonly hasSibling: boolean
  /** The second tokens, the most recently fetched last. */
  readonly resources: readonly ResourceToken[]
  /** The generation that a caller reported as rejected by an API. */
  readonly rejected: number | null
  /** A reported rejection of a token that cannot be replaced. */
  readonly rejection: Rejection | null
  /** Token bucket of the refreshes that callers may force. */
  readonly bucket: TokenBucket
  /** Why the token is not served; null while it may be. */
  readonly invalid: Invalid | null
  /** The last failed refresh; null after a success, unless its scopes had to be cut (`scopes_cut`). */
  readonly lastError: LastError | null
  /** The number of consecutive refusals with unknown error codes, and the time of the first; null if there are none. */
  readonly unknownWords: { readonly count: number; readonly since: number } | null
}

/** What an account machine is created with. */
export interface AccountInput {
  /** The id of the account. */
  readonly account: string
}

/**
 * The context of an account without a grant.
 *
 * @example
 * ```ts
 * const snapshot = fromStored(accountMachine, { schema: snapshotSchema, value: 'expiring', context: absentAccount({ account: 'alice' }) })
 * ```
 */
export function absentAccount({ account }: AccountInput): AccountContext {
  return {
    account,
    app: '',
    provider: '',
    user: '',
    subject: null,
    identity: null,
    policy: 'adaptive',
    rotation: 'strict',
    graceMs: 0,
    idleLimitMs: 0,
    testingLifeMs: 0,
    outlived: 'inactive',
    refreshWith: 'refresh_token',
    params: {},
    grantId: null,
    refreshable: false,
    generation: 0,
    tokenGeneration: 0,
    issuedAt: 0,
    expiresAt: 0,
    refreshAt: 0,
    scopes: [],
    wakeAt: null,
    retryAt: 0,
    failures: 0,
    since: 0,
    previousState: null,
    authorizedAt: 0,
    grantEndsAt: null,
    grantEndTold: false,
    lastRefreshedAt: null,
    attempt: null,
    answeredBy: null,
    doubtSince: null,
    hasPrevious: false,
    hasSibling: false,
    resources: [],
    rejected: null,
    rejection: null,
    bucket: { level: 0, at: 0 },
    invalid: null,
    lastError: null,
    unknownWords: null,
  }
}
