import type { ProviderError } from './account-context.ts'

export type AppState = 'healthy' | 'secret-expiring' | 'secret-expired' | 'throttled'

/** A client secret as the machine knows it: never its text. Times in milliseconds. */
export interface SecretStatus {
  readonly id: string
  readonly expiresAt: number | null
  readonly rejected: boolean
  /** The days-left threshold that was announced last. */
  readonly warnedDays: number | null
}

/** One refusal is evidence, not proof: who saw it asks once more, the others wait meanwhile. */
export interface Suspicion {
  readonly attempt: string
  readonly at: number
  /** What is asked: the next secret, or the same thing again, which a second refusal then confirms. */
  readonly asks: 'next' | 'again'
}

/** Why the provider does not take the app. */
export interface AppError {
  readonly reason: string
  readonly action: string
  readonly providerError: ProviderError
}

/** A client secret as it is put. `fresh`: its text was not there before. */
export interface SecretPut {
  readonly id: string
  readonly expiresAt: number | null
  readonly fresh: boolean
}

export interface AppContext {
  readonly app: string
  readonly secrets: readonly SecretStatus[]
  readonly suspicion: Suspicion | null
  readonly throttledUntil: number
  readonly probes: number
  readonly probeAt: number | null
  /** Accounts that waited for a secret have still to be woken. */
  readonly waking: boolean
  readonly wakeAt: number | null
  readonly since: number
  readonly lastError: AppError | null
}

interface Happened {
  readonly at: number
  readonly id: string
}

export type AppEvent =
  | (Happened & {
      readonly type: 'app.secret-updated'
      readonly secrets: readonly SecretPut[]
      /** Something is different from before: what was refused because of it may work now. */
      readonly changed?: boolean
    })
  /** The provider refused the app. `secret`: the one it refused; null where no other secret would help. */
  | (Happened &
      AppError & {
        readonly type: 'client.rejected'
        readonly secret: string | null
        readonly attempt: string
      })
  /** Whoever was to ask again has not come back: this attempt does. */
  | (Happened & { readonly type: 'client.questioned'; readonly attempt: string })
  | (Happened & { readonly type: 'client.accepted'; readonly secret: string | null })
  | (Happened & { readonly type: 'provider.throttled'; readonly until: number })
  | (Happened & { readonly type: 'accounts.woken' })
  | (Happened & { readonly type: 'timer.due' })

export type AppEffect =
  | { readonly type: 'accounts.wake' }
  | { readonly type: 'account.probe' }
  | {
      readonly type: 'app.secret-expiring'
      readonly secret: string
      readonly days: number
      readonly expiresAt: number
    }
  | ({ readonly type: 'app.secret-expired' } & AppError)
  | { readonly type: 'app.secret-restored' }

export function newApp({ app }: { app: string }): AppContext {
  return {
    app,
    secrets: [],
    suspicion: null,
    throttledUntil: 0,
    probes: 0,
    probeAt: null,
    waking: false,
    wakeAt: null,
    since: 0,
    lastError: null,
  }
}
