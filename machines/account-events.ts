import type { FailureClass, ProviderError } from './account-context.ts'
import type { Resource } from './account-resource.ts'
import type { AccountSettings } from './account-settings.ts'

interface Happened {
  /** Cluster time in milliseconds. */
  readonly at: number
  /** Random; becomes the attempt's id when this event starts one. */
  readonly id: string
}

/** A new grant, or the same one put again. */
export interface AccountAuthorized extends Happened {
  readonly type: 'account.authorized'
  /** Random for a new grant; that of before if the same one is put again. */
  readonly grantId: string
  /** The effective settings. */
  readonly settings: AccountSettings
  /** The granted scopes. */
  readonly scopes: readonly string[]
  /** Expiry of the access token; null if there is none. */
  readonly expiresAt: number | null
  /** Expiry of the refresh token; null if unknown. */
  readonly grantEndsAt: number | null
  /** False if there is only an access token. */
  readonly refreshable: boolean
  /** The grant is of another person than before: the address of the earlier one. */
  readonly previousUser?: string
}

/** Other settings for the same grant. */
export interface AccountUpdated extends Happened {
  readonly type: 'account.updated'
  /** The effective settings, all of them. */
  readonly settings: AccountSettings
}

/** The account was deleted. Accepted in every state. */
export interface AccountRemoved extends Happened {
  readonly type: 'account.removed'
}

/** The tokens must be re-encrypted with the current key. */
export interface KeysRotated extends Happened {
  readonly type: 'keys.rotated'
}

/** A request that could not be answered from the current token. */
export interface TokenRequested extends Happened {
  readonly type: 'token.requested'
  /** Milliseconds; null for the default. */
  readonly minValidity: number | null
  /** Refresh although the current token is valid, within the limit of forced refreshes. */
  readonly force: boolean
  /** Force only if this is the current generation; null: whatever it is. */
  readonly ifGeneration: number | null
  /** Null for the account's own token. */
  readonly resource: Resource | null
}

/** An API answered 401 to the token of this generation. */
export interface TokenRejected extends Happened {
  readonly type: 'token.rejected'
  /** The generation of the rejected token; a report of an older one changes nothing. */
  readonly generation: number
  /** The claims challenge that came with the 401, as JSON text; null without one. */
  readonly claims: string | null
  /** Null for the account's own token. */
  readonly resource: Resource | null
}

/** The time that the account asked for with `wakeAt` has come. */
export interface TimerDue extends Happened {
  readonly type: 'timer.due'
  /** True if the current generation was requested since it was issued. */
  readonly used: boolean
}

/** The provider answered with tokens (RFC 6749 §5.1). Judged by the grant and generation that were spent, not by the attempt. */
export interface RefreshSucceeded extends Happened {
  readonly type: 'refresh.succeeded'
  /** The id of the attempt. */
  readonly attempt: string
  /** The grant that the sent refresh token belongs to. */
  readonly grantId: string
  /** The generation of the sent refresh token. */
  readonly baseGeneration: number
  /** Start of the request, in milliseconds; `expiresIn` counts from here. */
  readonly startedAt: number
  /** Milliseconds from `startedAt`; null if not in the answer. */
  readonly expiresIn: number | null
  /** The same for the refresh token. */
  readonly refreshTokenExpiresIn: number | null
  /** The granted scopes; null if the answer does not list them, which means as requested. */
  readonly scopes: readonly string[] | null
  /** The provider reported more or longer scopes than are stored. */
  readonly scopesCut?: true | undefined
  /** True if the answer has a new refresh token. */
  readonly rotated: boolean
  /** The second token that was requested; null for the account's own. */
  readonly resource: Resource | null
}

/** An attempt ended without tokens (RFC 6749 §5.2, or no answer). Counts only for its own attempt and generation. */
export interface RefreshFailed extends Happened {
  readonly type: 'refresh.failed'
  /** The id of the attempt. */
  readonly attempt: string
  /** The generation of the refresh token that was, or would have been, sent. */
  readonly baseGeneration: number
  /** Determines the retry or the end of the grant. */
  readonly class: FailureClass
  /** A reason of the error catalogue. */
  readonly reason: string
  /** True if the same grant may work again. */
  readonly recoverable: boolean
  /** What to do, in a sentence. */
  readonly action: string
  /** The reason was concluded from the account's history. */
  readonly inferred?: true
  /** The request was sent, and an answer with a rotated token may have been lost. */
  readonly inDoubt: boolean
  /** Milliseconds to wait, by the provider or the app. */
  readonly retryAfter: number | null
  /** The provider's error codes, never its free text. */
  readonly providerError: ProviderError
  /** False: a parked grant is not probed; only a change of its app or a new consent helps. */
  readonly wakes?: false
  /** The revision of the app's settings under which it was refused. */
  readonly settings?: number
  /** The error codes are unknown. */
  readonly unknownWords?: true
}

/** The answer of the attempt in flight cannot be stored because of a bug; it is kept beside the account. */
export interface RefreshKept extends Happened {
  readonly type: 'refresh.kept'
  /** The id of the attempt. */
  readonly attempt: string
}

/** An operator or a security event reports that the grant has ended. */
export interface GrantRevoked extends Happened {
  readonly type: 'grant.revoked'
  /** A: the grant has ended. S: a person has to act. */
  readonly class: 'A' | 'S'
  /** A reason of the error catalogue, or an operator's own word. */
  readonly reason: string
  /** What to do, in a sentence. */
  readonly action: string
  /** True if the same grant may work again. */
  readonly recoverable: boolean
  /** When it ended; does not concern a newer grant. */
  readonly endedAt: number
}

/** A report that the reason for parking the grant is gone. */
export interface GrantRestored extends Happened {
  readonly type: 'grant.restored'
}

/** The app is healthy again: its secret was replaced, or works again. */
export interface AppSecretUpdated extends Happened {
  readonly type: 'app.secret-updated'
}

/** The app's settings have changed, so what was refused because of them may work now. */
export interface AppChanged extends Happened {
  readonly type: 'app.changed'
  /** The revision of the current settings. */
  readonly settings: number
}

/** This account was chosen to refresh early, as evidence whether its app works. */
export interface AppProbe extends Happened {
  readonly type: 'app.probe'
  /** The app is down, so that nothing but its probes is sent. */
  readonly down?: true
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
