import type { AccountState } from '../../machines/index.ts'

/** EmailEngine's names for the states of an account. */
export const emailEngineStates = [
  'init',
  'syncing',
  'connecting',
  'connected',
  'authenticationError',
  'connectError',
  'unset',
  'disconnected',
  'paused',
] as const
export type EmailEngineState = (typeof emailEngineStates)[number]

/**
 * Maps our states to EmailEngine's. On `authenticationError` its clients ask the user to sign in again, which does not
 * help if the provider rejects the app's secret.
 */
const words: Readonly<Record<AccountState, EmailEngineState>> = {
  valid: 'connected',
  expiring: 'connected',
  refreshing: 'connected',
  revoked: 'authenticationError',
  'secret-expired': 'connectError',
}

export const isEmailEngineState = (word: string | undefined): word is EmailEngineState =>
  emailEngineStates.includes(word as EmailEngineState)

/** The states that map to a state of EmailEngine. */
export function statesOf(word: EmailEngineState): AccountState[] {
  const states = Object.keys(words) as AccountState[]
  return states.filter((state) => words[state] === word)
}

export function emailEngineCounts(
  states: Readonly<Record<string, number>>,
): Record<EmailEngineState, number> {
  const counts = emailEngineStates.map((word) => {
    return [word, statesOf(word).reduce((sum, state) => sum + (states[state] ?? 0), 0)] as const
  })
  return Object.fromEntries(counts) as Record<EmailEngineState, number>
}
