import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { ApiTokens } from '../admin/verify-api-token.ts'
import type { TokenBuckets } from '../common/token-bucket.ts'
import type { Principal } from '../contract/principal.ts'
import { type Access, authorize, type Needs, namedInPath } from './authorize.ts'
import { tokenOf } from './credentials.ts'
import { Refused, refuse } from './refused.ts'
import type { OwnOrigin } from './same-origin.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The permission a route requires; by default the scope `admin` for all accounts and apps. */
    access?: Access
  }
  interface FastifyRequest {
    /** The caller; null on public routes. */
    principal: Principal | null
  }
}

const adminOnly: Access = { scopes: ['admin'], all: ['accounts', 'apps'] }

export interface AuthenticateOptions {
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  readonly limits: TokenBuckets
  readonly ownOrigin: OwnOrigin
}

/** Adds one hook for all routes: authentication, permission and rate limit. Call before any route is registered. */
export function authenticate(
  server: FastifyInstance,
  { apiTokens, limits, ownOrigin }: AuthenticateOptions,
): void {
  server.decorateRequest('principal', null)
  server.addHook('onRoute', (route) => {
    const { access = adminOnly } = route.config ?? {}
    if (access === 'open') return
    route.onRequest = [check(access), ...[route.onRequest ?? []].flat()]
  })

  function check(needs: Needs): onRequestHookHandler {
    return (request, _, done) => {
      const admit = (principal: Principal | null) => {
        const refusal = principal === null ? unknown() : refusalOf(principal, needs, request)
        if (refusal !== undefined) return done(refusal)
        request.principal = principal
        return done()
      }
      const token = tokenOf(request.headers)
      const found = token === undefined ? null : apiTokens.verify(token)
      if (found instanceof Promise) found.then(admit, done)
      else admit(found)
    }
  }

  function refusalOf(principal: Principal, needs: Needs, request: FastifyRequest): Refused | undefined {
    const seconds = limits.take(principal)
    if (seconds > 0)
      return refuse('rate_limited', 'too many requests with this API token', { retryAfter: seconds })
    if (!ownOrigin.permits(request)) return elsewhere()
    const refused = authorize(principal, needs, namedInPath(needs, request.params))
    return refused && new Refused(refused.failure)
  }
}

const unknown = () => refuse('unauthorized', 'an API token is required: Authorization: Bearer <token>')
export const elsewhere = () =>
  refuse('forbidden', 'with a session cookie, changes are accepted from the page only')
