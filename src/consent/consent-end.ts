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
  /** Where an administrator agrees for all. */
  readonly adminUrl: string | null
}

export interface Connected {
  readonly kind: 'connected'
  readonly location: string
}

/** An administrator has consented for the tenant: the user can go on to the provider now. */
export interface Agreed {
  readonly kind: 'agreed'
  readonly ticket: string
  readonly isSameBrowser: boolean
}

export type ConsentEnd = Connected | TurnedDown | Agreed

interface Asked {
  readonly account: string | null
  readonly redirectUrl: string
}

interface Details {
  /** Undefined: nobody is known who could be sent back. */
  readonly asked?: Asked
  readonly ticket?: string
  readonly values?: TurnedDown['values']
  readonly adminUrl?: string | undefined
}

export function turnedDown(
  problem: ConsentProblem,
  { asked, ticket, values = {}, adminUrl }: Details = {},
): TurnedDown {
  return {
    kind: 'turned-down',
    problem,
    values,
    back: asked === undefined ? null : backTo(problem, asked),
    again: problemOf(problem).again && ticket !== undefined ? ticket : null,
    adminUrl: adminUrl ?? null,
  }
}

function backTo(problem: ConsentProblem, { account, redirectUrl }: Asked): string {
  const url = new URL(redirectUrl)
  url.searchParams.set('error', problem)
  url.searchParams.set('error_description', problemOf(problem).description)
  if (account !== null) url.searchParams.set('account', account)
  return url.href
}
