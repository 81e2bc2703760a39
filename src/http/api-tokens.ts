import { z } from 'zod'
import {
  apiTokenCreateSchema,
  apiTokenMadeSchema,
  apiTokenRevokedSchema,
  apiTokensSchema,
} from '../contract/api-token.ts'
import type { ApiTokenAdmin } from '../contract/tokenbus.ts'
import { type Route, route } from './route.ts'

const access = { scopes: ['admin'], all: ['accounts', 'apps'] } as const

/**
 * API tokens, for administrators of all accounts only: otherwise a token for some accounts could create one for all.
 */
export function apiTokenRoutes({ tokenbus }: { tokenbus: ApiTokenAdmin }): Route[] {
  return [
    route({
      method: 'POST',
      url: '/v1/api-tokens',
      summary: 'Create an API token, which is returned only once',
      access,
      body: apiTokenCreateSchema,
      answer: apiTokenMadeSchema,
      handle: ({ body }) => tokenbus.createApiToken(body),
    }),
    route({
      method: 'GET',
      url: '/v1/api-tokens',
      summary: 'All API tokens, without the tokens themselves',
      access,
      answer: apiTokensSchema,
      handle: () => tokenbus.listApiTokens(),
    }),
    route({
      method: 'DELETE',
      url: '/v1/api-tokens/:id',
      summary: 'Revoke an API token on all nodes',
      access,
      params: z.object({ id: z.string().min(1).max(64) }),
      answer: apiTokenRevokedSchema,
      handle: ({ params }) => tokenbus.revokeApiToken(params.id),
    }),
  ]
}
