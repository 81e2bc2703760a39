import type { AccountContext, Identity } from '../../machines/index.ts'
import type { AccountPut } from '../contract/account.ts'
import type { Consented } from '../contract/consented.ts'
import { type Failed, fail } from '../contract/failures.ts'

export interface Comparing {
  readonly context: AccountContext
  readonly put: Pick<AccountPut, 'app' | 'user' | 'subject' | 'allowOtherUser'>
  readonly consented: Consented | undefined
}

/** The current user's address, if the put would connect the account to another user. */
export function earlierPerson(comparing: Comparing): string | undefined {
  const { context } = comparing
  if (context.grantId === null) return undefined
  const isSame = sameIds(comparing) ?? sameAddress(comparing)
  return isSame ? undefined : (context.identity?.signedInAs ?? context.user)
}

export function identityMismatch(account: string, user: string): Failed {
  const message = 'allowOtherUser: the account belongs to another user, which must not change'
  return fail('conflict', message, { account, reason: 'identity_mismatch', user })
}

/** Undefined if the two cannot be compared. */
function sameIds({ context, put, consented }: Comparing): boolean | undefined {
  const known = context.identity
  const now = consented?.identity ?? null
  if (hasIds(known) && hasIds(now)) return known.tid === now.tid && known.oid === now.oid
  if (context.subject === null || put.subject === undefined) return undefined
  if (isOtherIssuer(known, now)) return undefined
  if (context.subject === put.subject) return true
  // OpenID Connect Core §8.1: a user may have a different `sub` for each client.
  return context.app === put.app ? false : undefined
}

function hasIds(identity: Identity | null): identity is Identity & { tid: string; oid: string } {
  return identity !== null && identity.tid !== null && identity.oid !== null
}

function isOtherIssuer(known: Identity | null, now: Identity | null): boolean {
  return known?.issuer != null && now?.issuer != null && known.issuer !== now.issuer
}

function sameAddress({ context, put, consented }: Comparing): boolean {
  const signedInAs = context.identity?.signedInAs
  if (consented === undefined) return meets([context.user, signedInAs ?? ''], [put.user])
  const known = [signedInAs ?? context.user].filter(isAddress)
  const now = consented.addresses.filter(isAddress)
  return known.length === 0 || now.length === 0 || meets(known, now)
}

const isAddress = (text: string) => text.includes('@')

function meets(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(some.map((each) => each.toLowerCase()))
  return others.some((each) => known.has(each.toLowerCase()))
}
