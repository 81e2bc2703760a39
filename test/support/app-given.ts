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

/** Sent without an open question, unless given otherwise. */
export const sent = (at = start, question: string | null = null) => ({ at, endpoint: 'endpoint', question })

export function clientRejected(told: Partial<Of<'client.rejected'>> = {}): AppEvent {
  return {
    type: 'client.rejected',
    id: 'rejected',
    at: start,
    accusation: 'client',
    attempt: 'first',
    grant: 'first',
    workedBefore: true,
    refusedBefore: null,
    refusedSecrets: [],
    triesNext: false,
    earlier: null,
    sent: sent(told.at ?? start),
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
    ...told,
  }
}

/** `sent.question` is the id of the event that opened it. */
export const clientAccepted = (
  secret: string | null,
  at: number,
  told: Partial<Of<'client.accepted'>> = {},
): AppEvent => ({
  type: 'client.accepted',
  id: 'accepted',
  at,
  secret,
  sent: sent(at),
  refusedSecrets: [],
  ...told,
})

export const questioned = (told: Partial<Of<'client.questioned'>> = {}): AppEvent => ({
  type: 'client.questioned',
  id: 'questioned',
  at: start,
  attempt: 'other',
  grant: 'other',
  endpoint: 'endpoint',
  workedBefore: true,
  ...told,
})

export const controlAnswered = (
  answer: string | null,
  told: Partial<Of<'control.answered'>> = {},
): AppEvent => ({
  type: 'control.answered',
  id: 'control',
  at: start,
  question: 'rejected',
  secret: 'one',
  answer,
  accuses: answer?.includes('invalid_client') ?? false,
  reason: 'client_rejected',
  action: 'fix or rotate the client secret',
  providerError: { status: 401, error: 'invalid_client' },
  ...told,
})

/** The baseline: the responses to a dummy token with the app's own secret, and with a dummy one. */
export const baselineLearnt = (ownSecret: string, madeUpSecret: string): AppEvent => ({
  type: 'baseline.learnt',
  id: 'learnt',
  at: start,
  baseline: { endpoint: 'endpoint', ownSecret, madeUpSecret },
})

export const seesSecrets = baselineLearnt('400 invalid_grant', '401 invalid_client')
export const isBlind = baselineLearnt('400 invalid_grant', '400 invalid_grant')

export const throttledUntil = (until: number, at = start): AppEvent => ({
  type: 'provider.throttled',
  id: 'throttled',
  at,
  until,
})

export const appDue = (at: number): AppEvent => ({ type: 'timer.due', id: 'due', at })

/** A secret as the machine knows it, without an expiry. */
export const secretIs = (id: string, { rejected }: { rejected: boolean }) => ({
  id,
  expiresAt: null,
  rejected,
  warnedDays: null,
})

/** Refused for one grant, and then for another. */
export const broken = [
  secretsPut({ one: null }),
  clientRejected({ refusedSecrets: ['one'] }),
  clientRejected({ grant: 'other', sent: sent(start, 'rejected'), refusedSecrets: ['one'] }),
]
