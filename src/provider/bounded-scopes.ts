import { longestScope, mostScopes } from '../contract/fields.ts'

/** What is kept of the scopes a provider names: as many, and as long ones, as may be put. */
export function boundedScopes(text: string): { scopes: string[]; scopesCut?: true } {
  const named = text.split(' ').filter((each) => each !== '')
  const scopes = named.filter((each) => Buffer.byteLength(each) <= longestScope).slice(0, mostScopes)
  return scopes.length < named.length ? { scopes, scopesCut: true } : { scopes }
}
