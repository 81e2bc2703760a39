import { type ConsentProblem, problemOf } from './problems.ts'

export interface TurnedDown {
  readonly kind: 'turned-down'
  readonly problem: ConsentProblem
  /** The app to be connected; null if it is not known yet. */
  readonly app: string | null
  /** Values for the placeholders of the page's texts, such as the missing scopes. */
  readonly values: Readonly<Record<string, string>>
  /** The caller's redirect URL with the problem; null if the request is unknown. */
  readonly back: string | null
  /** The ticket with which the user can try again. */
  readonly again: string | null
  /** The page for an administrator's consent. */
  readonly adminUrl: string | null
}

export interface Connected {
  readonly kind: 'connected'
  readonly location: string
}

/** An administrator has consented for the tenant, so the user can continue at the provider. */
export interface Agreed {
  readonly kind: 'agreed'
  readonly ticket: string
  readonly isSameBrowser: boolean
}

export type ConsentEnd = Connected | TurnedDown | Agreed

interface Asked {
  readonly account: string | null
  readonly app?: string | undefined
  readonly redirectUrl: string
}

interface Details {
  /** Undefined if the redirect URL is unknown. */
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
    app: asked?.app ?? null,
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
