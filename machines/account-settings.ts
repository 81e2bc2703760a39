import type { Identity } from './account-identity.ts'

/** When a token is refreshed ahead of expiry: always (eager), never (lazy), or if it was requested during its lifetime (adaptive). */
export type Policy = 'eager' | 'lazy' | 'adaptive'

/**
 * What the next access token is requested with: a refresh token, or for some providers the current access token. With
 * `subject_token` each caller brings its own token, and the account has none.
 */
export type RefreshWith = 'refresh_token' | 'access_token' | 'subject_token'

/** What the provider does with a used refresh token. */
export type Rotation = 'none' | 'keeps-old' | 'grace' | 'until-used' | 'strict'

/** The effective settings of an account: its own first, then its app's. */
export interface AccountSettings {
  /** The id of the app. */
  readonly app: string
  /** The name of the provider, as the app was put. */
  readonly provider: string
  /** The user as the provider names them, usually an e-mail address. */
  readonly user: string
  /** The provider's id of the user (`sub`); null if unknown. */
  readonly subject: string | null
  /** Null where no person signed in, or nobody said who it was. */
  readonly identity: Identity | null
  /** When tokens are refreshed ahead of expiry. */
  readonly policy: Policy
  /** What the provider does with a used refresh token. */
  readonly rotation: Rotation
  /** How long a provider with `grace` accepts a used refresh token again, in milliseconds. */
  readonly graceMs: number
  /** How long a grant may be unused before the provider ends it, in milliseconds; 0 if unknown. */
  readonly idleLimitMs: number
  /** Lifetime of a grant of an app in testing mode, in milliseconds; 0 if the app is not in testing mode. */
  readonly testingLifeMs: number
  /** The reason of a refusal after the refresh token's reported lifetime. */
  readonly outlived: 'consent_expired' | 'inactive'
  /** The credential that brings the next access token. */
  readonly refreshWith: RefreshWith
  /** Values for the `{name}` placeholders in the URLs of its app. */
  readonly params: Readonly<Record<string, string>>
}
