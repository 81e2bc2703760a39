import type { Scope } from './api-token.ts'

/** The caller behind an API token, and its rights. `accounts` and `apps` are an id, or a prefix of ids followed by `*`. */
export interface Principal {
  /** The id of the API token, which is not secret. */
  readonly id: string
  readonly scopes: readonly Scope[]
  readonly accounts: string
  /** Null: no apps. */
  readonly apps: string | null
  readonly perSecond: number
}

/** The restriction of a caller over HTTP; callers over NATS are restricted by the permissions of their NATS user. */
export type Bound = Pick<Principal, 'apps'>

export const everything = '*'

export function hasScope({ scopes }: Principal, wanted: readonly Scope[]): boolean {
  return scopes.some((scope) => scope === 'admin' || wanted.includes(scope))
}

/** The empty id stands for one that does not exist yet; only `*` covers it. */
export function covers(pattern: string | null, id: string): boolean {
  if (pattern === null) return false
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}
