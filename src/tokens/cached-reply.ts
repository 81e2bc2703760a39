import { decodeId } from '../contract/subject-token.ts'
import type { TokenCache } from './cache.ts'

/** Answers a `token.get` without payload synchronously from the cache, or undefined. */
export function readCachedFrom(cache: Pick<TokenCache, 'read'>) {
  return (subjectToken: string, payload: Uint8Array): Uint8Array | undefined => {
    if (payload.length > 0) return undefined
    if (!subjectToken.includes('%')) return cache.read(subjectToken, null)
    const account = decodeId(subjectToken)
    return account.ok ? cache.read(account.value, null) : undefined
  }
}
