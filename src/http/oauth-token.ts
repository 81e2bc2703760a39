import { z } from 'zod'
import type { Tokenbus } from '../api.ts'
import type { Audit } from '../audit.ts'
import { fail, ok } from '../failures.ts'
import type { Principal } from '../principal.ts'
import { idSchema, resourceScopesSchema } from '../schemas.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

export interface OauthTokenOptions {
  readonly tokenbus: Pick<Tokenbus, 'getToken'>
  readonly audit: Pick<Audit, 'tokenRead'>
  /** From the environment alone. */
  readonly enableTokenApi: boolean
}

export const oauthTokenAccess = ['token:read'] as const

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
export function oauthTokenRoute({ tokenbus, audit, enableTokenApi }: OauthTokenOptions): Route {
  return route({
    method: 'GET',
    url: '/v1/account/:account/oauth-token',
    summary: 'An access token that works',
    access: oauthTokenAccess,
    params: z.object({ account: idSchema }),
    query: z.strictObject({
      minValidity: fromText.number(z.number()).optional().describe('seconds it must live at least'),
      scopes: fromText
        .words(resourceScopesSchema)
        .optional()
        .describe('a second token of the same grant, for these, with spaces between'),
    }),
    answer,
    async handle({ params: { account }, query: { minValidity, scopes }, principal }) {
      if (!enableTokenApi)
        return fail(
          'token_api_disabled',
          'tokens are not served over HTTP: TOKENBUS_ENABLE_TOKEN_API is not true',
        )
      const result = await tokenbus.getToken(account, {
        ...(minValidity !== undefined && { minValidity }),
        ...(scopes && { scopes }),
      })
      if (!result.ok) return result
      audit.tokenRead((principal as Principal).id, account)
      return ok(withCached(result.value, result.renewed !== true))
    },
  })
}

/** The reply is a JSON object, so its last byte is a brace. */
export function withCached(reply: Uint8Array, cached: boolean): Uint8Array {
  return Buffer.concat([reply.subarray(0, -1), Buffer.from(`,"cached":${cached}}`)])
}
