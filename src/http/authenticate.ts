import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { TokenBuckets } from '../common/token-bucket.ts'
import type { ApiTokens } from '../host/api-tokens.ts'
import { type Access, hasScope, mayTouch, type Principal } from '../principal.ts'
import { tokenOf } from './credentials.ts'
import { refuse } from './refused.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route; only `admin` where it does not say. */
    access?: Access
  }
  interface FastifyRequest {
    /** Who called; null on routes open to all. */
    principal: Principal | null
  }
}

const nobodyElse: Access = ['admin']

/** One hook for every route: who calls, may they do this, to this account, so often? Call before any route is there. */
export function authenticate(
  server: FastifyInstance,
  { apiTokens, limits }: { apiTokens: Pick<ApiTokens, 'verify'>; limits: TokenBuckets },
): void {
  server.decorateRequest('principal', null)
  server.addHook('onRoute', (route) => {
    const { access = nobodyElse } = route.config ?? {}
    if (access === 'open') return
    route.onRequest = [check(access), ...[route.onRequest ?? []].flat()]
  })

  function check(access: Exclude<Access, 'open'>): onRequestHookHandler {
    return (request, _, done) => {
      const admit = (principal: Principal | null) => {
        const refusal = principal === null ? unknown : refusalOf(principal, access, request)
        if (refusal !== undefined) return done(refusal())
        request.principal = principal
        return done()
      }
      const token = tokenOf(request.headers)
      const found = token === undefined ? null : apiTokens.verify(token)
      if (found instanceof Promise) found.then(admit, done)
      else admit(found)
    }
  }

  function refusalOf(principal: Principal, access: Exclude<Access, 'open'>, { params }: FastifyRequest) {
    const seconds = limits.take(principal)
    if (seconds > 0)
      return () => refuse('rate_limited', 'this API token asks too often', { retryAfter: seconds })
    if (!hasScope(principal, access))
      return () => refuse('forbidden', `this API token lacks the scope ${access.join(' or ')}`)
    const { account } = params as { account?: string }
    if (account !== undefined && !mayTouch(principal, account)) return () => notYours(account)
    return undefined
  }
}

const unknown = () => refuse('unauthorized', 'an API token is required: Authorization: Bearer <token>')

export function notYours(account: string) {
  return refuse('forbidden', 'this API token is not for this account', { account })
}
