import type { AccountState } from '../../machines/index.ts'

/** The words of EmailEngine for the states of an account. */
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
 * What each of our states is to its clients. On `authenticationError` they ask the person to sign in again, which is of no
 * use while it is the app's secret that the provider rejects.
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

/** Those of our states that a word of EmailEngine stands for. */
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
