import { decodeId } from '../contract/subject-token.ts'
import type { TokenCache } from './cache.ts'

/** The whole answer to a `token.get` without wishes, in the same tick, if this node may give it from memory. */
export function readCachedFrom(cache: Pick<TokenCache, 'read'>) {
  return (subjectToken: string, payload: Uint8Array): Uint8Array | undefined => {
    if (payload.length > 0) return undefined
    if (!subjectToken.includes('%')) return cache.read(subjectToken, null)
    const account = decodeId(subjectToken)
    return account.ok ? cache.read(account.value, null) : undefined
  }
}
