import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Tokenbus } from '../api.ts'
import type { Audit } from '../audit.ts'
import { fail, ok } from '../failures.ts'
import type { Principal } from '../principal.ts'
import { idSchema } from '../schemas.ts'
import { fromText } from './from-text.ts'
import { type ReadyMade, type Route, readyMade, route } from './route.ts'

export interface OauthTokenOptions {
  readonly tokenbus: Pick<Tokenbus, 'getToken'>
  /** The reply to a caller without wishes, if it is in memory. */
  readonly readCached: (account: string) => Uint8Array | undefined
  readonly audit: Pick<Audit, 'tokenRead'>
  /** From the environment alone. */
  readonly enableTokenApi: boolean
}

const answer = z.object({
  account: z.string(),
  user: z.string(),
  accessToken: z.string(),
  provider: z.string(),
  app: z.string(),
  registeredScopes: z.array(z.string()),
  expires: z.iso.datetime(),
  generation: z.int(),
  cached: z.boolean().describe('no renewal was needed'),
})

/** EmailEngine's endpoint, field for field, and `generation` and `cached`. */
export function oauthTokenRoute({ tokenbus, readCached, audit, enableTokenApi }: OauthTokenOptions): Route {
  const known = new WeakMap<Uint8Array, ReadyMade>()

  /** Made once per answer that the cache holds. */
  function toSend(bytes: Uint8Array): ReadyMade {
    const found = known.get(bytes)
    if (found !== undefined) return found
    const made = readyMade(withCached(bytes, true))
    known.set(bytes, made)
    return made
  }

  return route({
    method: 'GET',
    url: '/v1/account/:account/oauth-token',
    summary: 'An access token that works',
    access: ['token:read'],
    params: z.object({ account: idSchema }),
    query: z.strictObject({
      minValidity: fromText.number(z.number()).optional().describe('seconds it must live at least'),
    }),
    answer,
    atOnce({ params, url, principal }: FastifyRequest) {
      if (!enableTokenApi || url.includes('?')) return undefined
      const { account } = params as { account: string }
      const bytes = readCached(account)
      if (bytes === undefined) return undefined
      audit.tokenRead((principal as Principal).id, account)
      return toSend(bytes)
    },
    async handle({ params: { account }, query: { minValidity }, principal }) {
      if (!enableTokenApi)
        return fail(
          'token_api_disabled',
          'tokens are not served over HTTP: TOKENBUS_ENABLE_TOKEN_API is not true',
        )
      const result = await tokenbus.getToken(account, { ...(minValidity !== undefined && { minValidity }) })
      if (!result.ok) return result
      audit.tokenRead((principal as Principal).id, account)
      return ok(withCached(result.value, result.renewed !== true))
    },
  })
}

/** The reply is a JSON object, so its last byte is a brace. */
function withCached(reply: Uint8Array, cached: boolean): Uint8Array {
  return Buffer.concat([reply.subarray(0, -1), Buffer.from(`,"cached":${cached}}`)])
}
