import type { AccountSettings, FailureClass, ProviderError, Resource } from './account-context.ts'

interface Happened {
  /** Cluster time in milliseconds. */
  readonly at: number
  /** Random; becomes the attempt's id when this event starts one. */
  readonly id: string
}

/** A person consented (again): a new grant, or the same one brought back by whoever holds it. */
export interface AccountAuthorized extends Happened {
  readonly type: 'account.authorized'
  readonly grantId: string
  readonly settings: AccountSettings
  readonly scopes: readonly string[]
  /** When the access token that came along runs out; null if none came. */
  readonly expiresAt: number | null
  /** When the refresh token ends; null if nobody said. */
  readonly grantEndsAt: number | null
  readonly refreshable: boolean
  /** The grant is of another person than before: the address of the earlier one. */
  readonly previousUser?: string
}

/** The same grant under other settings. */
export interface AccountUpdated extends Happened {
  readonly type: 'account.updated'
  readonly settings: AccountSettings
}

/** The account was deleted. Accepted in every state. */
export interface AccountRemoved extends Happened {
  readonly type: 'account.removed'
}

/** What is sealed with a key that no longer seals is to be sealed anew. */
export interface KeysRotated extends Happened {
  readonly type: 'keys.rotated'
}

/** A caller whose wish the node could not meet from what it knew. */
export interface TokenRequested extends Happened {
  readonly type: 'token.requested'
  /** Milliseconds; null for the default. */
  readonly minValidity: number | null
  readonly force: boolean
  readonly ifGeneration: number | null
  /** Null for the account's own token. */
  readonly resource: Resource | null
}

/** An API answered 401 to the token of this generation. */
export interface TokenRejected extends Happened {
  readonly type: 'token.rejected'
  readonly generation: number
  /** The claims challenge that came with the 401, as JSON text; null without one. */
  readonly claims: string | null
  readonly resource: Resource | null
}

/** The time that the account asked for with `wakeAt` has come. */
export interface TimerDue extends Happened {
  readonly type: 'timer.due'
  /** Was the current generation asked for since it was issued? */
  readonly used: boolean
}

/** The provider answered with tokens (RFC 6749 §5.1). Judged by the grant and generation that were spent, not by the attempt. */
export interface RefreshSucceeded extends Happened {
  readonly type: 'refresh.succeeded'
  readonly attempt: string
  readonly grantId: string
  readonly baseGeneration: number
  readonly startedAt: number
  /** Milliseconds from `startedAt`; null when the answer did not say. */
  readonly expiresIn: number | null
  /** The same for the refresh token that is current now. */
  readonly refreshTokenExpiresIn: number | null
  readonly scopes: readonly string[] | null
  /** The provider named more of them, or longer ones, than are kept. */
  readonly scopesCut?: true | undefined
  /** Did a new refresh token come? */
  readonly rotated: boolean
  /** What the access token that came is for. */
  readonly resource: Resource | null
}

/** An attempt ended without tokens (RFC 6749 §5.2, or no answer). Counts only for its own attempt and generation. */
export interface RefreshFailed extends Happened {
  readonly type: 'refresh.failed'
  readonly attempt: string
  readonly baseGeneration: number
  readonly class: FailureClass
  readonly reason: string
  readonly recoverable: boolean
  readonly action: string
  readonly inferred?: true
  /** The request left and an answer that rotated the token may be missing. */
  readonly inDoubt: boolean
  /** Milliseconds the provider, or the app, asks us to wait. */
  readonly retryAfter: number | null
  readonly providerError: ProviderError
  /** False: a parked grant does not even look now and then; only a change of its app or a person helps. */
  readonly wakes?: false
  /** The number of the app's settings it was refused under. */
  readonly settings?: number
  /** Nobody knows what these words mean. */
  readonly unknownWords?: true
}

/** The answer to the attempt in flight came, and is kept beside the account: through a fault of ours it cannot be stored yet. */
export interface RefreshKept extends Happened {
  readonly type: 'refresh.kept'
  readonly attempt: string
}

/** Somebody other than the token endpoint says that the grant has ended. */
export interface GrantRevoked extends Happened {
  readonly type: 'grant.revoked'
  readonly class: 'A' | 'S'
  readonly reason: string
  readonly action: string
  readonly recoverable: boolean
  /** When it ended: a grant that is newer is another one. */
  readonly endedAt: number
}

/** Somebody other than the token endpoint says that what parked the grant is over. */
export interface GrantRestored extends Happened {
  readonly type: 'grant.restored'
}

/** The app is healthy again: its secret was replaced, or its old one works once more. */
export interface AppSecretUpdated extends Happened {
  readonly type: 'app.secret-updated'
}

/** The app's settings are others than before: what was refused because of them may work now. */
export interface AppChanged extends Happened {
  readonly type: 'app.changed'
  /** The number of the settings of now. */
  readonly settings: number
}

/** This account was elected to find out whether its app works, or works again. */
export interface AppProbe extends Happened {
  readonly type: 'app.probe'
}

/** All that can happen to an account. */
export type AccountEvent =
  | AccountAuthorized
  | AccountUpdated
  | AccountRemoved
  | KeysRotated
  | TokenRequested
  | TokenRejected
  | TimerDue
  | RefreshSucceeded
  | RefreshFailed
  | RefreshKept
  | GrantRevoked
  | GrantRestored
  | AppSecretUpdated
  | AppChanged
  | AppProbe
