import type { AppError } from './app-context.ts'

/** What the app asks its host to do, and what it announces. */
export type AppEffect =
  | { readonly type: 'accounts.wake' }
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
