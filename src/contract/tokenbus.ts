import type { GrantPlace } from '../contract/grant-place.ts'
import type { Result } from './failures.ts'
import type { Bound } from './principal.ts'
import type {
  AccountDelete,
  AccountHistory,
  AccountList,
  AccountPut,
  AccountRevoke,
  ApiTokenCreate,
  AppDelete,
  AppPatch,
  AppPut,
  AppSecretAdd,
  AppSecretRemove,
  AppVerify,
  EventsDead,
  EventsWhich,
  KeysRotate,
  Scope,
  TokenReject,
  TokenWant,
  UpgradeFinish,
} from './requests.ts'

/** The answer of `token.get`. Times are ISO 8601. */
export interface TokenReply {
  readonly account: string
  readonly user: string
  readonly accessToken: string
  readonly provider: string
  readonly app: string
  readonly registeredScopes: readonly string[]
  readonly expires: string
  readonly generation: number
  /** Of the account, as its events count them, and since when it is in its state: what is newer by neither is older. */
  readonly version: number
  readonly since: string
  /** It lives shorter than was asked for. Absent where nothing was asked, or it does. */
  readonly minValidityMet?: false
  /** A newer one was asked for, and this is none. */
  readonly refreshed?: false
}

/** A whole reply as JSON bytes, ready to send. `renewed`: it was waited for a refresh. */
export type TokenResult = Result<Uint8Array> & { readonly renewed?: boolean }

/** An account as operators see it: never a secret. Times are ISO 8601. */
export interface AccountView {
  readonly account: string
  /** Of its last save. */
  readonly version: number
  /** The same, never alike in two histories (after a failover). */
  readonly revision: string
  readonly user: string
  readonly subject?: string
  readonly app: string
  readonly provider: string
  readonly state: string
  readonly generation: number
  readonly expires: string | null
  readonly registeredScopes: readonly string[]
  readonly missingScopes: readonly string[]
  readonly policy: string
  /** When the refresh token runs out, where the provider says so. */
  readonly grantExpires?: string
  readonly since: string
  readonly lastRefreshedAt: string | null
  readonly nextAttemptAt: string | null
  readonly reason?: string
  readonly class?: string
  readonly recoverable?: boolean
  readonly action?: string
  readonly inferred?: boolean
  readonly lastError?: unknown
  readonly metadata?: unknown
}

/** What a put does: `created`: there was none before. `triedAgain`: its grant was dead, and its token is sent once more. */
export interface PutEffect {
  readonly created?: true
  readonly triedAgain?: true
  readonly unchanged?: true
}

export type PutAccountView = AccountView & PutEffect

/** What a put would do, which was not done. */
export type PutCheck = PutEffect & { readonly account: string; readonly dryRun: true }

/** What a partial change of an account starts from. */
export interface KnownAccount {
  readonly app: string
  readonly user: string
  readonly metadata: object
}

export interface AccountPage {
  readonly accounts: AccountView[]
  readonly cursor?: string
  readonly total?: number
}

interface Revoked {
  readonly revokedAtProvider?: boolean
}

/** An app as operators see it: every secret is `"***"`. */
export interface AppView {
  readonly app: string
  readonly version: number
  readonly revision: string
  readonly state: string
  readonly provider: string
  readonly clientId: string
  readonly secrets: readonly { readonly id: string; readonly secret: '***'; readonly expiresAt?: string }[]
  readonly [setting: string]: unknown
}

/** One part of an app's set-up, as it was found. */
export interface VerifiedStep {
  readonly step:
    | 'configuration'
    | 'redirect_uri'
    | 'discovery'
    | 'token_endpoint'
    | 'credentials'
    | 'delegation'
  /** Null where it was not tried, or cannot be proven from here. */
  readonly ok: boolean | null
  readonly message: string
  readonly action?: string
  /** The id of the secret that it is about. */
  readonly secret?: string
}

/** An app's set-up, step by step, up to the first that failed. */
export interface AppVerification {
  readonly app: string
  /** No step failed. */
  readonly ok: boolean
  readonly steps: readonly VerifiedStep[]
}

/** One recorded transition: the body of an `account.transition` event. */
export interface TransitionRecord {
  readonly id: string
  readonly account: string
  readonly version: number
  readonly [field: string]: unknown
}

/** An API token as operators see it: never the token. Times are ISO 8601. */
export interface ApiTokenView {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** An account id, or the beginning of ids and `*`. */
  readonly accounts: string
  /** The same of app ids; null: none. */
  readonly apps: string | null
  /** Requests per second and node. */
  readonly perSecond: number
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

/** API tokens, for the operators on the bus. */
export interface ApiTokenAdmin {
  /** `token` is shown here and never again. */
  createApiToken(wish: ApiTokenCreate): Promise<Result<ApiTokenView & { token: string }>>
  listApiTokens(): Promise<Result<{ apiTokens: ApiTokenView[] }>>
  revokeApiToken(id: string): Promise<Result<{ id: string; revoked: true }>>
}

/** What one page of a key rotation did. */
export interface KeyRotation {
  /** The id of the key that seals. */
  readonly key: string
  readonly looked: number
  readonly resealed: number
  /** Apps and accounts whose secrets do not open, as `app:<id>` and `account:<id>`. */
  readonly unopened: readonly string[]
  /** How much of it is behind us: 0 to 1. */
  readonly progress: number
  /** Where to go on; absent at the end. */
  readonly cursor?: string
  /** At the end, unless something did not open: ids of keys that may be taken out of `TOKENBUS_KEYS`. */
  readonly retired?: readonly string[]
}

/** An event that its stream will never take. Times are ISO 8601. */
export interface DeadEvent {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly account?: string
  readonly app?: string
  readonly version: number
  readonly reason: string
  readonly bytes: number
}

/** Events that were set aside, for the operators on the bus. */
export interface DeadEventAdmin {
  /** `total`: how many there are. */
  deadEvents(query: EventsDead): Promise<Result<{ events: DeadEvent[]; total: number }>>
  /** They go out after what was saved meanwhile. */
  retryEvents(which: EventsWhich): Promise<Result<{ retried: number }>>
  dropEvents(which: EventsWhich): Promise<Result<{ dropped: number }>>
}

/** For whom a change is made; for whoever runs tokenbus where it does not say. */
export interface From {
  readonly by?: Bound | null
}

/** What one page of the end of an upgrade did. */
export interface UpgradePage {
  /** The form that is written. */
  readonly level: number
  readonly looked: number
  readonly rewritten: number
  /** What could not be read, as `app:<id>` and `account:<id>`: it is refused from the end on. */
  readonly unopened: readonly string[]
  /** How much of it is behind us: 0 to 1. */
  readonly progress: number
  /** Where to go on; absent at the end. */
  readonly cursor?: string
  /** No older form is accepted any more. */
  readonly finished?: true
}

/** What tokenbus does, whatever the wire. NATS and HTTP are thin over this. Unexpected errors are thrown. */
export interface Tokenbus extends ApiTokenAdmin, DeadEventAdmin {
  /** From memory where it may be. */
  getToken(account: string, want: TokenWant): Promise<TokenResult>
  rejectToken(account: string, report: TokenReject): Promise<TokenResult>
  /**
   * `place`: where the grant was given, if that is known better than from the app of now. `triedAgain`: what was put is
   * the token of a grant that was dead, and is sent once more.
   */
  putAccount(
    account: string,
    put: AccountPut,
    from?: From & { place?: GrantPlace },
  ): Promise<Result<PutAccountView>>
  /** Decides as `putAccount` does, and stores nothing. */
  checkPut(account: string, put: AccountPut): Promise<Result<PutCheck>>
  /** What `make` makes of the account as the save finds it; it may run more than once. */
  patchAccount(
    account: string,
    make: (known: KnownAccount | undefined) => Result<AccountPut>,
    from?: From & { place?: GrantPlace },
  ): Promise<Result<PutAccountView>>
  getAccount(account: string): Promise<Result<AccountView>>
  /** `total` where a page was asked for by its number. */
  listAccounts(query: AccountList): Promise<Result<AccountPage>>
  /** Its token is served no more, from now on. `revokedAtProvider`, where that was asked for: did the provider confirm? */
  revokeAccount(account: string, options: AccountRevoke, from?: From): Promise<Result<AccountView & Revoked>>
  deleteAccount(
    account: string,
    options: AccountDelete,
    from?: From,
  ): Promise<Result<{ account: string; deleted: true } & Revoked>>
  accountHistory(
    account: string,
    query: AccountHistory,
  ): Promise<Result<{ account: string; transitions: TransitionRecord[] }>>
  putApp(app: string, put: AppPut): Promise<Result<AppView>>
  /** Settings and secrets that are not named stay. `make` may run more than once, on the app as the save finds it. */
  updateApp(
    app: string,
    make: (known: Pick<AppPut, 'provider'>) => Result<AppPatch>,
  ): Promise<Result<AppView>>
  getApp(app: string): Promise<Result<AppView>>
  listApps(): Promise<Result<{ apps: AppView[] }>>
  deleteApp(app: string, options: AppDelete): Promise<Result<{ app: string; deleted: true }>>
  addSecret(app: string, secret: AppSecretAdd): Promise<Result<AppView>>
  removeSecret(app: string, secret: AppSecretRemove): Promise<Result<AppView>>
  /** Tries the app's settings at its provider; neither the app nor any account is the better or the worse for it. */
  verifyApp(app: string, how: AppVerify): Promise<Result<AppVerification>>
  rotateKeys(page: KeysRotate): Promise<Result<KeyRotation>>
  /** The first call, without a cursor, has every node write the newest form; the next ones rewrite what is stored. */
  finishUpgrade(page: UpgradeFinish): Promise<Result<UpgradePage>>
}
