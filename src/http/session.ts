import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ApiTokens } from '../admin/verify-api-token.ts'
import { Secret } from '../common/secret.ts'
import type { TokenBuckets } from '../common/token-bucket.ts'
import { fail } from '../contract/failures.ts'
import { elsewhere } from './authenticate.ts'
import { sessionCookie, tokenOf } from './credentials.ts'
import { Refused, refuse } from './refused.ts'
import type { OwnOrigin } from './same-origin.ts'
import { cookieText } from './set-cookie.ts'

const bodySchema = z.strictObject({ apiToken: z.string().min(1).max(256) })

/** Per address: ten wrong tokens at once, then one every two seconds. */
export const attempts = { perSecond: 0.5, burst: 10 }

export interface SessionOptions {
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  /** The rate limit of sign-in attempts per address. */
  readonly limits: TokenBuckets
  readonly ownOrigin: OwnOrigin
  readonly publicUrl: () => string
}

/**
 * Signs in to the page: the API token is stored in a cookie that scripts cannot read and other sites cannot send. Other
 * sites cannot post either, because only JSON is accepted, which requires a preflight that is not answered.
 */
export function sessionRoutes(
  server: FastifyInstance,
  { apiTokens, limits, ownOrigin, publicUrl }: SessionOptions,
): void {
  const options = { config: { access: 'open' as const }, onRequest: fromHere }

  function cookie(request: FastifyRequest, value: string, maxAge: number): string {
    const wanted = { name: sessionCookie, value, path: '/', sameSite: 'Strict' as const, maxAge }
    return cookieText(request, wanted, publicUrl())
  }

  function fromHere(request: FastifyRequest, _: FastifyReply, done: (error?: Error) => void): void {
    const signedIn = tokenOf(request.headers) !== undefined
    const refused = ownOrigin.isElsewhere(request) || (signedIn && !ownOrigin.permits(request))
    done(refused ? elsewhere() : undefined)
  }

  server.post('/session', options, async (request, reply) => {
    const { body, callerAddress } = request
    const retryAfter = limits.take({ id: callerAddress, ...attempts })
    if (retryAfter > 0) throw refuse('rate_limited', 'too many attempts to sign in', { retryAfter })
    const read = bodySchema.safeParse(body)
    const token = read.success ? new Secret(read.data.apiToken) : undefined
    const principal = token === undefined ? null : await apiTokens.verify(token.reveal())
    if (token === undefined || principal === null)
      throw new Refused(fail('unauthorized', 'apiToken: not a valid API token').failure)
    // Many users behind one address can sign in; only wrong tokens are limited.
    limits.giveBack(callerAddress)
    const { id, scopes, accounts, apps } = principal
    return reply
      .header('set-cookie', cookie(request, token.reveal(), 30 * 86_400))
      .send({ id, scopes, accounts, apps })
  })
  server.delete('/session', options, async (request, reply) =>
    reply.header('set-cookie', cookie(request, '', 0)).send({}),
  )
}
