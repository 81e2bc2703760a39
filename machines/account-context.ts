import type { Identity } from './account-identity.ts'
import type { TokenBucket } from './token-bucket.ts'

/** The states of an account. `valid`, `expiring` and `refreshing` serve a token as long as it lives. */
export const accountStates = ['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired'] as const
/** A state of the account machine. */
export type AccountState = (typeof accountStates)[number]

/** When a token is refreshed before anybody needs it: always, only on request, or if it was asked for during its life. */
export type Policy = 'eager' | 'lazy' | 'adaptive'

/**
 * What the next access token is asked for with: most grants have a refresh token, some only the access token itself. With
 * `subject_token` each caller brings its own, and the account holds none.
 */
export type RefreshWith = 'refresh_token' | 'access_token' | 'subject_token'

/** What the provider does with a refresh token that was spent. */
export type Rotation = 'none' | 'keeps-old' | 'grace' | 'until-used' | 'strict'

/** A: the grant is dead. S: parked until a person acts. P: the app's fault. C: our configuration. T: transient. R: possible race. */
export type FailureClass = 'A' | 'S' | 'P' | 'C' | 'T' | 'R'

/** The provider's own words: HTTP status, RFC 6749 §5.2 `error`, and what it adds. Never its free text. */
export interface ProviderError {
  readonly status: number | null
  readonly error: string
  readonly suberror?: string
  readonly codes?: readonly number[]
  /** What a person has to prove anew: the `claims` of the next consent page, as JSON text. */
  readonly claims?: string
}

/** Which of the grant's sealed refresh tokens an attempt sends. */
export type Spend = 'current' | 'previous' | 'sibling'

/** What else the grant can be asked for: scopes of another API, or fewer of its own. `key`: the scopes, sorted. */
export interface Resource {
  readonly key: string
  readonly scopes: readonly string[]
}

/** The provider said no to a resource, and is not asked again before `retryAt`. */
export interface Refused {
  readonly reason: string
  readonly action: string
  readonly at: number
  readonly retryAt: number
  /** It may be the grant that has ended: its next refresh tells. */
  readonly aboutGrant: boolean
}

/** A second token of the grant. `generation` 0: there is none yet. */
export interface ResourceToken extends Resource {
  readonly generation: number
  readonly issuedAt: number
  readonly expiresAt: number
  readonly refreshAt: number
  readonly refused: Refused | null
}

/** One refresh in flight in the whole cluster. Times are milliseconds of cluster time. */
export interface Attempt {
  readonly id: string
  readonly grantId: string
  readonly generation: number
  readonly from: AccountState
  /** Tried for an account that waits for somebody else to act: on failure it goes back where it came from. */
  readonly probe: boolean
  readonly spend: Spend
  /** What an API asked to be proven, as the request's `claims` (JSON text). */
  readonly claims: string | null
  /** For a second token; null for the account's own. */
  readonly resource: Resource | null
  /** When the account would have woken but for this attempt. */
  readonly resumeAt: number | null
  readonly startedAt: number
  readonly sendBy: number
  readonly giveUpAt: number
}

/** Why the account's token is not served, as it was announced. */
export interface Invalid {
  readonly state: 'revoked' | 'secret-expired'
  readonly reason: string
  readonly class: 'A' | 'S' | 'P'
  readonly recoverable: boolean
  readonly action: string
  readonly inferred?: true
  /** Somebody said so; it is not what the token endpoint answered. */
  readonly reported?: true
  readonly providerError: ProviderError
  /** The number of the app's settings it was refused under, where others may help. */
  readonly settings?: number
}

/** The last failed refresh of an account. `at` is in milliseconds of cluster time. */
export interface LastError {
  readonly at: number
  readonly class: FailureClass
  readonly reason: string
  readonly action: string
  readonly providerError: ProviderError
}

/** What an account runs under: its own wishes first, then its app's. */
export interface AccountSettings {
  readonly app: string
  readonly provider: string
  readonly user: string
  /** The provider's own name for the user (`sub`); null where nobody told. */
  readonly subject: string | null
  /** Null where no person signed in, or nobody said who it was. */
  readonly identity: Identity | null
  readonly policy: Policy
  readonly rotation: Rotation
  /** How long a provider with `grace` answers a spent refresh token again, in milliseconds. */
  readonly graceMs: number
  /** How long the provider lets a grant lie unused, in milliseconds; 0 where that is not known. */
  readonly idleLimitMs: number
  /** How long a grant lives while its app is being tested, in milliseconds; 0 where it is not. */
  readonly testingLifeMs: number
  /** What it means that a refresh token has outlived the life its provider gave it. */
  readonly outlived: 'consent_expired' | 'inactive'
  readonly refreshWith: RefreshWith
  /** Fills `{name}` in the URLs of its app. */
  readonly params: Readonly<Record<string, string>>
}

/** A token that cannot be replaced was refused by an API. Times in milliseconds. */
export interface Rejection {
  readonly generation: number
  /** The first report. */
  readonly since: number
  /** It is not served before. */
  readonly until: number
}

/** All an account remembers. No secret is ever in it: sealed tokens are stored beside it. */
export interface AccountContext extends AccountSettings {
  readonly account: string
  /** Random per grant; null before the first grant and after removal. */
  readonly grantId: string | null
  /** False for an access token that came alone: it can be served, never renewed. */
  readonly refreshable: boolean
  /** Counts stored tokens, never falls, survives deletion. */
  readonly generation: number
  /** The generation of the account's own access token, which the times and scopes here are about. */
  readonly tokenGeneration: number
  readonly issuedAt: number
  readonly expiresAt: number
  /** The soft deadline. */
  readonly refreshAt: number
  readonly scopes: readonly string[]
  /** When the account wants its next `timer.due`; null only for a dead or absent grant. */
  readonly wakeAt: number | null
  /** No refresh starts before this. */
  readonly retryAt: number
  readonly failures: number
  readonly since: number
  /** What the account was before what it last announced; `refreshing` is only ever on the way. */
  readonly previousState: AccountState | null
  /** When the grant was first put. */
  readonly authorizedAt: number
  /** When the refresh token ends; null where the provider did not say. */
  readonly grantEndsAt: number | null
  /** That the grant nears its end has been told, or is not worth telling. */
  readonly grantEndTold: boolean
  readonly lastRefreshedAt: number | null
  readonly attempt: Attempt | null
  /** The attempt whose answer is the current generation: its answer may be offered again. */
  readonly answeredBy: string | null
  /** Since when an answer to the current refresh token may be missing. */
  readonly doubtSince: number | null
  readonly hasPrevious: boolean
  readonly hasSibling: boolean
  /** Its second tokens, the one fetched last at the end. */
  readonly resources: readonly ResourceToken[]
  /** The generation a caller reported as refused by the API. */
  readonly rejected: number | null
  /** The same where no other token can be had; null where it was not reported. */
  readonly rejection: Rejection | null
  /** Of the refreshes that callers may force. */
  readonly bucket: TokenBucket
  readonly invalid: Invalid | null
  readonly lastError: LastError | null
  /** Refusals in a row in words nobody knows, and since when; null where the last answer was understood. */
  readonly unknownWords: { readonly count: number; readonly since: number } | null
}

/** What an account machine is created with. */
export interface AccountInput {
  readonly account: string
}

/** An account that has no grant yet. */
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
