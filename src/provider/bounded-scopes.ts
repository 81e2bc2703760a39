import { longestScope, maxScopes } from '../contract/fields.ts'

/** Parses the scopes of a response with any separator, bounded in number and length like those of a put. */
export function boundedScopes(
  said: string | readonly string[],
  separator = ' ',
): { scopes?: string[]; scopesCut?: true } {
  const parts = [said].flat().flatMap((text) => text.split(separator))
  const named = parts.flatMap((text) => text.split(/[\s,]+/).filter((each) => each !== ''))
  if (named.length === 0) return {}
  const scopes = named.filter((each) => Buffer.byteLength(each) <= longestScope).slice(0, maxScopes)
  return scopes.length < named.length ? { scopes, scopesCut: true } : { scopes }
}
