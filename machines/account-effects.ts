import type { AccountState, Attempt, ProviderError } from './account-context.ts'

/** Send the request of this attempt, unless it is too late or the app does not allow it. Performed after the save. */
export type RefreshSend = { readonly type: 'refresh.send' } & { readonly attempt: Attempt }

/** Store the new tokens as current and the current ones as previous. Part of the save. */
export interface TokensStore {
  readonly type: 'tokens.store'
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
  readonly app: string
  readonly provider: string
  readonly user: string
  readonly state: AccountState
  readonly previousState: AccountState | null
  readonly generation: number
}

/** A new token is there; published as `token.refreshed.<account>`. Times are in milliseconds. */
export interface TokenRefreshed extends Announcement {
  readonly type: 'token.refreshed'
  readonly expiresAt: number
  readonly registeredScopes: readonly string[]
  readonly previousUser?: string
}

/** The account's grant is now of another person. */
export interface UserChanged extends Announcement {
  readonly type: 'account.user-changed'
  readonly previousUser: string
  readonly signedInAs?: string
}

/** The token is served no more; published once per death as `token.invalid.<account>`. */
export interface TokenInvalid extends Announcement {
  readonly type: 'token.invalid'
  readonly reason: string
  readonly class: 'A' | 'S' | 'P'
  readonly recoverable: boolean
  readonly action: string
  readonly inferred?: true
  readonly reported?: true
  readonly providerError: ProviderError
}

/** The refresh token expires at `expiresAt`, even if it is used until then. */
export interface GrantExpiring extends Announcement {
  readonly type: 'account.grant-expiring'
  readonly expiresAt: number
  readonly action: string
}

/** The account was deleted; published as `account.removed.<account>`. */
export interface AccountRemovedEffect {
  readonly type: 'account.removed'
  readonly app: string
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
