import { type ConsentProblem, problemOf } from './problems.ts'

export interface TurnedDown {
  readonly kind: 'turned-down'
  readonly problem: ConsentProblem
  /** What the page's sentences are filled in with, such as the scopes that are missing. */
  readonly values: Readonly<Record<string, string>>
  /** The caller's own page, with the problem; null when it is not known who asked. */
  readonly back: string | null
  /** The ticket with which the person may go to the provider once more. */
  readonly again: string | null
}

export interface Connected {
  readonly kind: 'connected'
  readonly location: string
}

export type ConsentEnd = Connected | TurnedDown

interface Asked {
  readonly account: string | null
  readonly redirectUrl: string
}

interface Details {
  /** Undefined: nobody is known who could be sent back. */
  readonly asked?: Asked
  readonly ticket?: string
  readonly values?: TurnedDown['values']
}

export function turnedDown(
  problem: ConsentProblem,
  { asked, ticket, values = {} }: Details = {},
): TurnedDown {
  return {
    kind: 'turned-down',
    problem,
    values,
    back: asked === undefined ? null : backTo(problem, asked),
    again: problemOf(problem).again && ticket !== undefined ? ticket : null,
  }
}

function backTo(problem: ConsentProblem, { account, redirectUrl }: Asked): string {
  const url = new URL(redirectUrl)
  url.searchParams.set('error', problem)
  url.searchParams.set('error_description', problemOf(problem).description)
  if (account !== null) url.searchParams.set('account', account)
  return url.href
}

/** RFC 6749 §4.1.2.1: every other word says no. */
const providerTrouble = new Set(['server_error', 'temporarily_unavailable'])

/** Why nobody has agreed; undefined where somebody has. */
export function declinedIn({ searchParams }: URL): ConsentProblem | undefined {
  const declined = searchParams.get('error')
  if (declined === null) return undefined
  return providerTrouble.has(declined) ? 'provider_unavailable' : 'access_denied'
}
