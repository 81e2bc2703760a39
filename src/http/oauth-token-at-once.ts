import type { ApiTokens } from '../admin/verify-api-token.ts'
import { appendFields } from '../common/append-fields.ts'
import type { Audit } from '../common/audit.ts'
import type { TokenBuckets } from '../common/token-bucket.ts'
import { type AtOnce, type ReadyMade, readyMade } from './at-once.ts'
import { authorize } from './authorize.ts'
import { tokenOf } from './credentials.ts'
import { callerDetails, oauthTokenAccess } from './oauth-token.ts'
import type { CallerAddress } from './trusted-proxies.ts'

export interface OauthTokenAtOnceOptions {
  /** The cached reply to a request without options. */
  readonly readCached: (account: string) => Uint8Array | undefined
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  readonly limits: TokenBuckets
  readonly audit: Pick<Audit, 'tokenRead'>
  readonly callerAddress: CallerAddress
}

const authorization = 'authorization'
/** A request without options, and with an id that needs no decoding. */
const plain = /^\/v1\/account\/([\w@+=:,;()!~.-]+)\/oauth-token$/

/** Answers permitted requests from memory; all others go to the route, which reports the reason. */
export function oauthTokenAtOnce({
  readCached,
  apiTokens,
  limits,
  audit,
  callerAddress,
}: OauthTokenAtOnceOptions): AtOnce {
  const known = new WeakMap<Uint8Array, ReadyMade>()

  /** Built once per cached reply. */
  function toSend(bytes: Uint8Array): ReadyMade {
    const found = known.get(bytes)
    if (found !== undefined) return found
    const made = readyMade(appendFields(bytes, { cached: true }))
    known.set(bytes, made)
    return made
  }

  return (request) => {
    const { method, url = '', rawHeaders } = request
    const account = method === 'GET' ? plain.exec(url)?.[1] : undefined
    const token = account === undefined ? undefined : tokenOf({ authorization: authorizationIn(rawHeaders) })
    if (account === undefined || token === undefined) return undefined
    const principal = apiTokens.verify(token)
    if (principal === null || principal instanceof Promise) return undefined
    if (authorize(principal, oauthTokenAccess, { account }) !== undefined) return undefined
    const bytes = readCached(account)
    // Last, so that a request passed on to the route is counted once.
    if (bytes === undefined || limits.take(principal) > 0) return undefined
    audit.tokenRead(principal.id, account, callerDetails(callerAddress(request)))
    return toSend(bytes)
  }
}

/** Avoids building an object of all headers. */
function authorizationIn(names: readonly string[]): string | undefined {
  for (let i = 0; i < names.length; i += 2)
    if (names[i]?.length === authorization.length && names[i]?.toLowerCase() === authorization)
      return names[i + 1]
  return undefined
}
