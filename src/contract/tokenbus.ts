import type {
  AccountDelete,
  AccountDeleted,
  AccountDevice,
  AccountDeviceReply,
  AccountHistory,
  AccountList,
  AccountPage,
  AccountPut,
  AccountPutCheck,
  AccountPutView,
  AccountRevoke,
  AccountRevoked,
  AccountTransitions,
  AccountView,
} from './account.ts'
import type { ApiTokenCreate, ApiTokenList, ApiTokenMade, ApiTokenRevoked } from './api-token.ts'
import type {
  AppDelete,
  AppDeleted,
  AppPage,
  AppPatch,
  AppPut,
  AppSecretAdd,
  AppSecretRemove,
  AppVerification,
  AppVerify,
  AppView,
} from './app.ts'
import type { Consented } from './consented.ts'
import type { Result } from './failures.ts'
import type { GrantPlace } from './grant-place.ts'
import type {
  DeadEvents,
  EventsDead,
  EventsDropped,
  EventsRetried,
  EventsWhich,
  KeyRotation,
  KeysRotate,
  UpgradeFinish,
  UpgradePage,
} from './maintenance.ts'
import type { Bound } from './principal.ts'
import type { TokenReject, TokenWant } from './token.ts'

/** A `TokenReply` as JSON bytes, ready to send. `renewed`: the caller waited for a refresh. */
export type TokenResult = Result<Uint8Array> & { readonly renewed?: boolean }

/** The fields that a partial change of an account may depend on. */
export interface KnownAccount {
  readonly app: string
  readonly user: string
  /** The user who signed in, if the provider reported it. */
  readonly signedInAs?: string | null
  readonly metadata: object
}

/** The caller that a change is made for; the operator by default. */
export interface From {
  readonly by?: Bound | null
}

/** `place`: the endpoints at which the grant was given, if they differ from the app's current ones. */
export interface PutFrom extends From {
  readonly place?: GrantPlace
  readonly consented?: Consented
}

/** API tokens, for operators on the bus. */
export interface ApiTokenAdmin {
  /** The token itself is in this reply only. */
  createApiToken(options: ApiTokenCreate): Promise<Result<ApiTokenMade>>
  /** All API tokens, without the tokens themselves. */
  listApiTokens(): Promise<Result<ApiTokenList>>
  /** It is rejected from now on, by every node within 5 s. */
  revokeApiToken(id: string): Promise<Result<ApiTokenRevoked>>
}

/** Dead letters, for operators on the bus. */
export interface DeadEventAdmin {
  /** The dead letters, with the reason. */
  deadEvents(query: EventsDead): Promise<Result<DeadEvents>>
  /** Puts them back at the end of the outbox, after events saved meanwhile. */
  retryEvents(which: EventsWhich): Promise<Result<EventsRetried>>
  /** Deletes them permanently. */
  dropEvents(which: EventsWhich): Promise<Result<EventsDropped>>
}

/** Everything tokenbus does, independent of the wire; NATS and HTTP are thin layers over it. Unexpected errors are thrown. */
export interface Tokenbus extends ApiTokenAdmin, DeadEventAdmin {
  /** Answered from memory if possible. */
  getToken(account: string, want: TokenWant): Promise<TokenResult>
  /** Reports that an API rejected a token (RFC 6750 §3.1 `invalid_token`); returns a newer one if possible. */
  rejectToken(account: string, report: TokenReject): Promise<TokenResult>
  /** `triedAgain`: the token of a revoked grant was put again, and will be tried once more. */
  putAccount(account: string, put: AccountPut, from?: PutFrom): Promise<Result<AccountPutView>>
  /** Decides as `putAccount` does, and stores nothing. */
  checkPut(account: string, put: AccountPut): Promise<Result<AccountPutCheck>>
  /** Puts the result of `make`, which gets the account as the save finds it, and may run more than once. */
  patchAccount(
    account: string,
    make: (known: KnownAccount | undefined) => Result<AccountPut>,
    from?: PutFrom,
  ): Promise<Result<AccountPutView>>
  /** Starts consent on another device; the account is connected once the user has consented. */
  connectDevice(account: string, options: AccountDevice, from?: From): Promise<Result<AccountDeviceReply>>
  /** Its state and reason, without secrets. */
  getAccount(account: string): Promise<Result<AccountView>>
  /** In order of id, in pages. */
  listAccounts(query: AccountList): Promise<Result<AccountPage>>
  /** From now on its token is no longer served. */
  revokeAccount(account: string, options: AccountRevoke, from?: From): Promise<Result<AccountRevoked>>
  /** Succeeds even if the provider does not confirm the revocation (RFC 7009). */
  deleteAccount(account: string, options: AccountDelete, from?: From): Promise<Result<AccountDeleted>>
  /** Its transitions, oldest first. Fails with `history_unavailable` if JetStream does not respond. */
  accountHistory(account: string, query: AccountHistory): Promise<Result<AccountTransitions>>
  /** Creates or replaces an app; secrets that are not named are removed. */
  putApp(app: string, put: AppPut): Promise<Result<AppView>>
  /** A partial change: other settings and secrets stay. `make` gets the app as the save finds it, and may run more than once. */
  updateApp(
    app: string,
    make: (known: Pick<AppPut, 'provider'>) => Result<AppPatch>,
  ): Promise<Result<AppView>>
  /** Its settings, with secrets as `***`. */
  getApp(app: string): Promise<Result<AppView>>
  /** All apps. */
  listApps(): Promise<Result<AppPage>>
  /** Fails with `conflict` while it has accounts. */
  deleteApp(app: string, options: AppDelete): Promise<Result<AppDeleted>>
  /** Adds a client secret, and wakes the accounts that wait for one. */
  addSecret(app: string, secret: AppSecretAdd): Promise<Result<AppView>>
  /** Removes a client secret by its id. */
  removeSecret(app: string, secret: AppSecretRemove): Promise<Result<AppView>>
  /** Verifies the app's settings at its provider, without changing the state of the app or its accounts. */
  verifyApp(app: string, how: AppVerify): Promise<Result<AppVerification>>
  /** Re-encrypts a page of records with the first sealing key. */
  rotateKeys(page: KeysRotate): Promise<Result<KeyRotation>>
  /**
   * The first call, without a cursor, raises the write level of all nodes; the next ones rewrite the stored records.
   */
  finishUpgrade(page: UpgradeFinish): Promise<Result<UpgradePage>>
}
