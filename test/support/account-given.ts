import { type AccountEvent, accountMachine } from '../../machines/index.ts'
import { authorized, given, minute, refreshFailed, start, tokenRequested } from '../../src/testing/index.ts'

export const account = (...past: AccountEvent[]) => given(accountMachine, past)
export const wakeAt = (snapshot: { context: object }) =>
  (snapshot.context as { wakeAt: number | null }).wakeAt
export const attempt = 'attempt'
export const later = start + 50 * minute

/** An attempt in flight since `later`, for an account of this kind. */
export const refreshing = (given: Parameters<typeof authorized>[0] = {}) => [
  authorized(given),
  tokenRequested({ at: later, id: attempt, force: true }),
]
export const dead = [...refreshing(), refreshFailed({ at: later, class: 'A', reason: 'inactive' })]
export const parked = [...refreshing(), refreshFailed({ at: later, class: 'S', reason: 'mfa_required' })]
export const waiting = [...refreshing(), refreshFailed({ at: later, class: 'P', reason: 'client_rejected' })]
