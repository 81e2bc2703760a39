import { longestScope, mostScopes } from '../contract/fields.ts'

/** What is kept of the scopes a provider names, with whatever between them: as many, and as long ones, as may be put. */
export function boundedScopes(
  said: string | readonly string[],
  separator = ' ',
): { scopes?: string[]; scopesCut?: true } {
  const parts = [said].flat().flatMap((text) => text.split(separator))
  const named = parts.flatMap((text) => text.split(/[\s,]+/).filter((each) => each !== ''))
  if (named.length === 0) return {}
  const scopes = named.filter((each) => Buffer.byteLength(each) <= longestScope).slice(0, mostScopes)
  return scopes.length < named.length ? { scopes, scopesCut: true } : { scopes }
}
