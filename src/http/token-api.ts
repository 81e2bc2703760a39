import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { TokenApi, TokenApiState } from '../admin/token-api.ts'
import type { ApiTokens } from '../admin/verify-api-token.ts'
import type { Audit } from '../common/audit.ts'
import type { TokenBuckets } from '../common/token-bucket.ts'
import { fail } from '../contract/failures.ts'
import type { Principal } from '../contract/principal.ts'
import { callerDetails } from './oauth-token.ts'
import { Refused, refuse } from './refused.ts'
import { attempts } from './session.ts'

const bodySchema = z.strictObject({ enabled: z.boolean(), apiToken: z.string().min(1).max(256) })

export interface TokenApiRoutesOptions {
  readonly tokenApi: Pick<TokenApi, 'state' | 'turn'>
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  readonly audit: Pick<Audit, 'tokenApiTurned'>
  /** The rate limit of attempts to confirm the API token, per address. */
  readonly limits: TokenBuckets
}

/**
 * The switch for tokens over HTTP. It is not part of the API: it requires a signed-in user who enters the API token
 * again, so that neither a script with an API token nor an open browser can change it.
 */
export function tokenApiRoutes(
  server: FastifyInstance,
  { tokenApi, apiTokens, audit, limits }: TokenApiRoutesOptions,
): void {
  async function assertSamePerson(
    { principal, callerAddress }: FastifyRequest,
    text: string,
  ): Promise<Principal> {
    const retryAfter = limits.take({ id: callerAddress, ...attempts })
    if (retryAfter > 0) throw refuse('rate_limited', 'too many attempts', { retryAfter })
    const again = await apiTokens.verify(text)
    if (again === null || again.id !== principal?.id)
      throw new Refused(fail('forbidden', 'apiToken: not the API token of this session').failure)
    limits.giveBack(callerAddress)
    return again
  }

  server.get('/session/token-api', async () => shown(await tokenApi.state()))
  server.put('/session/token-api', async (request) => {
    if (request.headers.authorization !== undefined)
      throw refuse(
        'forbidden',
        'this can be changed only by a signed-in user on the page, not by an API call',
      )
    const read = bodySchema.safeParse(request.body)
    if (!read.success) throw refuse('bad_request', 'enabled and apiToken: required')
    const { id } = await assertSamePerson(request, read.data.apiToken)
    const { enabled } = read.data
    await tokenApi.turn({ enabled, by: id })
    audit.tokenApiTurned(id, enabled, callerDetails(request.callerAddress))
    return shown(await tokenApi.state())
  })
}

function shown({ enabled, decidedBy, switch: turned }: TokenApiState) {
  const last = turned && { enabled: turned.enabled, by: turned.by, at: new Date(turned.at).toISOString() }
  return { enabled, decidedBy, switch: last }
}
