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

/** One `invalid_client` is evidence, not proof: who saw it confirms it, the others wait meanwhile. */
export interface Suspicion {
  readonly secret: string
  readonly attempt: string
  readonly at: number
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
  readonly lastError: ProviderError | null
}

interface Happened {
  readonly at: number
  readonly id: string
}

export type AppEvent =
  /** The secrets are these now. `fresh`: at least one of them was not there before. */
  | (Happened & {
      readonly type: 'app.secret-updated'
      readonly secrets: readonly { readonly id: string; readonly expiresAt: number | null }[]
      readonly fresh: boolean
    })
  | (Happened & {
      readonly type: 'client.rejected'
      readonly secret: string
      readonly attempt: string
      readonly providerError: ProviderError
    })
  | (Happened & { readonly type: 'client.accepted'; readonly secret: string })
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
  | { readonly type: 'app.secret-expired'; readonly providerError: ProviderError | null }
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
