import type { AppError } from './app-context.ts'

/** What the app asks its host to do, and what it announces. */
export type AppEffect =
  /** `all`: also those that do not wait for the app, since none was refreshed while it was disabled. */
  | { readonly type: 'accounts.wake'; readonly all?: true }
  | { readonly type: 'account.probe' }
  /** Send a made-up refresh token with this secret. */
  | { readonly type: 'control.send'; readonly question: string; readonly secret: string | null }
  | { readonly type: 'baseline.learn' }
  | ({ readonly type: 'app.refused' } & AppError)
  | {
      readonly type: 'app.secret-expiring'
      readonly secret: string
      readonly days: number
      readonly expiresAt: number
    }
  | ({ readonly type: 'app.secret-expired' } & AppError)
  | { readonly type: 'app.secret-restored' }
