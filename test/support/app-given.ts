import { type AppEvent, appMachine } from '../../machines/index.ts'
import { day, given, start } from '../../src/testing/index.ts'

type Of<T extends AppEvent['type']> = Omit<Extract<AppEvent, { type: T }>, 'type' | 'id'>

export const app = (...past: AppEvent[]) => given(appMachine, past)

/** Secrets by name, each with its days left, all new. */
export function secretsPut(
  left: Record<string, number | null>,
  { at = start, fresh = true }: { at?: number; fresh?: boolean } = {},
): AppEvent {
  const secrets = Object.entries(left).map(([id, days]) => ({
    id,
    expiresAt: days === null ? null : start + days * day,
    fresh,
  }))
  return { type: 'app.secret-updated', id: 'put', at, secrets }
}

export function clientRejected(told: Partial<Of<'client.rejected'>> = {}): AppEvent {
  return {
    type: 'client.rejected',
    id: 'rejected',
    at: start,
    secret: 'one',
    attempt: 'first',
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
    ...told,
  }
}

export const clientAccepted = (secret: string | null, at: number): AppEvent => ({
  type: 'client.accepted',
  id: 'accepted',
  at,
  secret,
})

export const throttledUntil = (until: number, at = start): AppEvent => ({
  type: 'provider.throttled',
  id: 'throttled',
  at,
  until,
})

export const appDue = (at: number): AppEvent => ({ type: 'timer.due', id: 'due', at })

/** A secret as the machine knows it; not known to end. */
export const secretIs = (id: string, { rejected }: { rejected: boolean }) => ({
  id,
  expiresAt: null,
  rejected,
  warnedDays: null,
})

/** Refused, and refused again by whoever saw it. */
export const broken = [secretsPut({ one: null }), clientRejected(), clientRejected()]
