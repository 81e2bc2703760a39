import type { AccountState, Attempt, ProviderError } from './account-context.ts'

/** Send the request of this attempt, unless `sendBy` has passed or the app does not allow it. Performed after the save. */
export type RefreshSend = { readonly type: 'refresh.send' } & { readonly attempt: Attempt }

/** Store the new tokens as current and the current ones as previous. Part of the save. */
export interface TokensStore {
  readonly type: 'tokens.store'
  /** The generation of the new tokens. */
  readonly generation: number
  /** A new grant: no token of the previous one is kept. */
  readonly newGrant: boolean
  /** The key of the second token; null for the account's own. */
  readonly resource: string | null
}

/** Keep the refresh token of a second answer to an already used token, without using it. Part of the save. */
export interface TokensKeepSibling {
  readonly type: 'tokens.keep-sibling'
}

/** Re-encrypt the tokens with the current key. Part of the save. */
export interface TokensReseal {
  readonly type: 'tokens.reseal'
}

/** The sealed tokens are removed with the account. Part of the save. */
export interface TokensForget {
  readonly type: 'tokens.forget'
}

interface Announcement {
  /** The id of the app. */
  readonly app: string
  /** The name of the provider, as the app was put. */
  readonly provider: string
  /** The user as the provider names them. */
  readonly user: string
  /** The state after the transition. */
  readonly state: AccountState
  /** The last announced state; null at the first announcement. */
  readonly previousState: AccountState | null
  /** The current generation of the account. */
  readonly generation: number
}

/** A new token is there; published as `token.refreshed.<account>`. Times are in milliseconds. */
export interface TokenRefreshed extends Announcement {
  readonly type: 'token.refreshed'
  /** Expiry of the new token; `never` if unknown. */
  readonly expiresAt: number
  /** The scopes that were granted. */
  readonly registeredScopes: readonly string[]
  /** The former user, if the account now belongs to another person. */
  readonly previousUser?: string
}

/** The account's grant is now of another person. */
export interface UserChanged extends Announcement {
  readonly type: 'account.user-changed'
  /** The former user. */
  readonly previousUser: string
  /** Who signed in, if the provider said so. */
  readonly signedInAs?: string
}

/** The token is served no more; published once per death as `token.invalid.<account>`. */
export interface TokenInvalid extends Announcement {
  readonly type: 'token.invalid'
  /** A reason of the error catalogue, or an operator's own word. */
  readonly reason: string
  /** A: the grant has ended. S: a person has to act. P: the app is rejected. */
  readonly class: 'A' | 'S' | 'P'
  /** True if the same grant may work again. */
  readonly recoverable: boolean
  /** What to do, in a sentence. */
  readonly action: string
  /** The reason was concluded from the account's history. */
  readonly inferred?: true
  /** Reported by an operator, an API or a security event, not by the token endpoint. */
  readonly reported?: true
  /** The provider's error codes, never its free text. */
  readonly providerError: ProviderError
}

/** The refresh token expires at `expiresAt`, even if it is used until then. */
export interface GrantExpiring extends Announcement {
  readonly type: 'account.grant-expiring'
  /** Expiry of the refresh token, in milliseconds. */
  readonly expiresAt: number
  /** What to do before then, in a sentence. */
  readonly action: string
}

/** The account was deleted; published as `account.removed.<account>`. */
export interface AccountRemovedEffect {
  readonly type: 'account.removed'
  /** The id of the app. */
  readonly app: string
  /** The user as the provider names them. */
  readonly user: string
}

/** What the host must do for a transition. Announcements are saved with the state, then published. */
export type AccountEffect =
  | RefreshSend
  | TokensStore
  | TokensKeepSibling
  | TokensReseal
  | TokensForget
  | TokenRefreshed
  | TokenInvalid
  | GrantExpiring
  | UserChanged
  | AccountRemovedEffect
