import type { Scope } from './api-token.ts'

/** Who calls, and what it may do. `accounts` and `apps` are an id, or the beginning of ids and `*`. */
export interface Principal {
  /** Of the API token; not secret. */
  readonly id: string
  readonly scopes: readonly Scope[]
  readonly accounts: string
  /** Null: none. */
  readonly apps: string | null
  readonly perSecond: number
}

/** For whom a change is made. Who comes over NATS is bound by the role of its NATS user instead. */
export type Bound = Pick<Principal, 'apps'>

export const everything = '*'

export function hasScope({ scopes }: Principal, wanted: readonly Scope[]): boolean {
  return scopes.some((scope) => scope === 'admin' || wanted.includes(scope))
}

/** Only a pattern for everything covers the empty id, which stands for one that is still to be made. */
export function covers(pattern: string | null, id: string): boolean {
  if (pattern === null) return false
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}
