import type { Scope } from '../contract/api-token.ts'
import { type Failed, fail } from '../contract/failures.ts'
import { covers, everything, hasScope, type Principal } from '../contract/principal.ts'

/** Where a request has the id of its account or app: a path parameter, or a field of the body. */
export type Place = { readonly path: string } | { readonly field: string }

/** The permission a route requires. `admin` includes every scope. */
export interface Needs {
  /** One of these scopes is required. */
  readonly scopes: readonly Scope[]
  /** The API token must cover the account and the app with these ids. */
  readonly account?: Place
  readonly app?: Place
  /** The API token must cover all accounts or apps. */
  readonly all?: readonly ('accounts' | 'apps')[]
}

export type Access = 'open' | Needs

export interface Named {
  readonly account?: string | undefined
  readonly app?: string | undefined
}

/** Checks a principal's permission; the only place that decides, for all kinds of requests. */
export function authorize(
  principal: Principal,
  { scopes, all }: Needs,
  { account, app }: Named,
): Failed | undefined {
  const { accounts, apps } = principal
  if (!hasScope(principal, scopes)) return refuse(`lacks the scope ${scopes.join(' or ')}`)
  if (account !== undefined && !covers(accounts, account))
    return refuse('is not for this account', account === '' ? {} : { account })
  if (app !== undefined && !covers(apps, app)) return refuse('is not for this app')
  if (all === undefined) return undefined
  if (all.includes('accounts') && accounts !== everything)
    return refuse('covers some accounts, but this requires all')
  if (all.includes('apps') && apps !== everything) return refuse('covers some apps, but this requires all')
  return undefined
}

const refuse = (why: string, details?: Parameters<typeof fail>[2]) =>
  fail('forbidden', `this API token ${why}`, details)

/** The ids in the path. */
export function namedInPath({ account, app }: Needs, params: unknown): Named {
  return { account: at('path', account, params), app: at('path', app, params) }
}

/** The ids in the body; the empty id if absent. */
export function namedInBody({ account, app }: Needs, body: unknown): Named {
  return { account: at('field', account, body), app: at('field', app, body) }
}

function at(where: 'path' | 'field', place: Place | undefined, values: unknown): string | undefined {
  const name = (place as Record<string, string> | undefined)?.[where]
  return name === undefined ? undefined : ((values as Record<string, string | null>)[name] ?? '')
}
