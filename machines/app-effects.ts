import type { AppError } from './app-context.ts'

/** What the app asks its host to do, and what it announces. */
export type AppEffect =
  /** Make the accounts that wait for a secret due, spread over time. `all`: all accounts, because the app was disabled. */
  | { readonly type: 'accounts.wake'; readonly all?: true }
  /** Let one account refresh, to learn whether the provider accepts the app. */
  | { readonly type: 'account.probe' }
  /** Send a made-up refresh token with this secret. */
  | { readonly type: 'control.send'; readonly question: string; readonly secret: string | null }
  /** Send the control request with the app's own and with a made-up secret. */
  | { readonly type: 'baseline.learn' }
  /** Every grant is refused with unknown error codes; published. */
  | ({ readonly type: 'app.refused' } & AppError)
  /** `secret`: its id. `days`: the crossed threshold. `expiresAt`: milliseconds. Published. */
  | {
      readonly type: 'app.secret-expiring'
      readonly secret: string
      readonly days: number
      readonly expiresAt: number
    }
  /** The circuit has opened; published. */
  | ({ readonly type: 'app.secret-expired' } & AppError)
  /** The circuit has closed after it was open; published. */
  | { readonly type: 'app.secret-restored' }
