import type { Scope } from './schemas.ts'

/** Who calls, and what it may do. */
export interface Principal {
  /** Of the API token; not secret. */
  readonly id: string
  readonly scopes: readonly Scope[]
  /** Which accounts: an id, or the beginning of ids and `*`. */
  readonly accounts: string
  readonly perSecond: number
}

/** Who may call a route: anybody, or a principal with any of these scopes. `admin` has them all. */
export type Access = 'open' | readonly Scope[]

export function hasScope({ scopes }: Principal, wanted: readonly Scope[]): boolean {
  return scopes.some((scope) => scope === 'admin' || wanted.includes(scope))
}

export function mayTouch({ accounts }: Principal, account: string): boolean {
  return accounts.endsWith('*') ? account.startsWith(accounts.slice(0, -1)) : account === accounts
}

export function mayTouchAll({ accounts }: Principal): boolean {
  return accounts === '*'
}
