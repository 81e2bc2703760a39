/** Why a consent came to nothing. The words go to the caller's `redirectUrl` as `error`. */
export type ConsentProblem =
  | 'unknown_request'
  | 'unknown_app'
  | 'access_denied'
  | 'missing_scopes'
  | 'no_refresh_token'
  | 'callback_rejected'
  | 'provider_unavailable'
  | 'not_stored'

export interface TurnedDown {
  readonly kind: 'turned-down'
  readonly problem: ConsentProblem
  /** What the problem is about, such as the scopes that are missing. */
  readonly details: readonly string[]
  /** The caller's own page, which is told the problem; null when it is not known who asked. */
  readonly back: string | null
}

export type ConsentEnd = { readonly kind: 'connected'; readonly location: string } | TurnedDown

interface Asked {
  readonly account: string | null
  readonly redirectUrl: string
}

export function turnedDown(
  problem: ConsentProblem,
  asked?: Asked,
  details: readonly string[] = [],
): TurnedDown {
  return { kind: 'turned-down', problem, details, back: asked === undefined ? null : backTo(problem, asked) }
}

function backTo(problem: ConsentProblem, { account, redirectUrl }: Asked): string {
  const url = new URL(redirectUrl)
  url.searchParams.set('error', problem)
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
