import { z } from 'zod'
import type { ApiTokenAdmin } from '../api.ts'
import { apiTokenSchema } from '../bus/answers.ts'
import { type Failed, fail } from '../failures.ts'
import { mayTouchAll, type Principal } from '../principal.ts'
import { apiTokenCreateSchema } from '../schemas.ts'
import { type Call, type Route, route } from './route.ts'

const access = ['admin'] as const

/** API tokens, for administrators of every account: else one for some accounts could make one for all. */
export function apiTokenRoutes({ tokenbus }: { tokenbus: ApiTokenAdmin }): Route[] {
  return [
    route({
      method: 'POST',
      url: '/v1/api-tokens',
      summary: 'Make an API token, which is shown this once',
      access,
      body: apiTokenCreateSchema,
      answer: apiTokenSchema.extend({ token: z.string() }),
      handle: async ({ body, principal }) => refusal(principal) ?? tokenbus.createApiToken(body),
    }),
    route({
      method: 'GET',
      url: '/v1/api-tokens',
      summary: 'All API tokens, but for the tokens themselves',
      access,
      answer: z.object({ apiTokens: z.array(apiTokenSchema) }),
      handle: async ({ principal }) => refusal(principal) ?? tokenbus.listApiTokens(),
    }),
    route({
      method: 'DELETE',
      url: '/v1/api-tokens/:id',
      summary: 'Revoke an API token: every node refuses it at once',
      access,
      params: z.object({ id: z.string().min(1).max(64) }),
      answer: z.object({ id: z.string(), revoked: z.literal(true) }),
      handle: async ({ params, principal }) => refusal(principal) ?? tokenbus.revokeApiToken(params.id),
    }),
  ]
}

function refusal(principal: Call['principal']): Failed | undefined {
  if (mayTouchAll(principal as Principal)) return undefined
  return fail('forbidden', 'this API token is for some accounts, and API tokens are for those who see all')
}
