import type { AccountState, Attempt, ProviderError } from './account-context.ts'

/** Send this attempt's request, unless it is too late or the app says no. Performed after the save. */
export type RefreshSend = { readonly type: 'refresh.send' } & { readonly attempt: Attempt }

/** The answer's tokens become the current ones; the current ones become the previous ones. Part of the save. */
export interface TokensStore {
  readonly type: 'tokens.store'
  readonly generation: number
  /** A new grant: nothing of the older one is kept. */
  readonly newGrant: boolean
  /** Where the access token that came belongs; null for the account's own. */
  readonly resource: string | null
}

/** A second answer to a token already spent: keep it sealed, unspent. Part of the save. */
export interface TokensKeepSibling {
  readonly type: 'tokens.keep-sibling'
}

/** What an older key sealed is sealed with the one of today. Part of the save. */
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

/** Its refresh token runs out at `expiresAt`, whatever is done with it until then. */
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

/** What the account asks its host to do. Announcements are saved with the state, then published. */
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
