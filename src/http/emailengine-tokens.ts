import { z } from 'zod'
import { apiTokenId } from '../common/api-token-text.ts'
import { type Scope, scopeSchema } from '../contract/api-token.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { idSchema, type Sent, textSchema } from '../contract/fields.ts'
import type { ApiTokenAdmin } from '../contract/tokenbus.ts'
import { type Route, route } from './route.ts'

const access = { scopes: ['admin'], all: ['accounts', 'apps'] } as const

/** Maps EmailEngine's scopes to ours. Those for its mail proxies and metrics do not exist here. */
const scopesOf: Readonly<Record<string, readonly Scope[]>> = {
  api: ['token:read', 'account:write', 'events:read'],
  '*': ['admin'],
}

const bodySchema = z.object({
  account: idSchema.nullish().describe('the only account it covers'),
  description: textSchema(128),
  scopes: z
    .array(z.enum(['api', '*']))
    .min(1)
    .default(['api']),
  restrictions: z.unknown().refine(isEmpty, 'not supported: an API token is limited by account').optional(),
})

/** What would be ignored must not limit a token in its creator's eyes. */
function isEmpty(restrictions: unknown): boolean {
  return restrictions == null || Object.keys(restrictions).length === 0
}

const tokenSchema = z.strictObject({
  id: z.string(),
  description: z.string(),
  scopes: z.array(scopeSchema),
  account: z.string().nullable(),
  created: z.string(),
})
const tokensSchema = z.strictObject({ tokens: z.array(tokenSchema) })

/** EmailEngine's endpoints to create, list and revoke API tokens. */
export function emailEngineTokenRoutes({ tokenbus }: { tokenbus: ApiTokenAdmin }): Route[] {
  async function list(): Promise<Result<Sent<typeof tokensSchema>>> {
    const listed = await tokenbus.listApiTokens()
    if (!listed.ok) return listed
    const tokens = listed.value.apiTokens.map(({ id, name, scopes, accounts, createdAt }) => ({
      id,
      description: name,
      scopes,
      account: accounts.endsWith('*') ? null : accounts,
      created: createdAt,
    }))
    return ok({ tokens })
  }

  return [
    route({
      method: 'POST',
      url: '/v1/token',
      summary: "Create an API token with EmailEngine's fields, which is returned only once",
      access,
      body: bodySchema,
      answer: z.strictObject({ token: z.string() }),
      async handle({ body: { account, description, scopes } }) {
        const made = await tokenbus.createApiToken({
          name: description,
          scopes: [...new Set(scopes.flatMap((each) => scopesOf[each] ?? []))],
          ...(account != null && { accounts: account }),
        })
        return made.ok ? ok({ token: made.value.token }) : made
      },
    }),
    route({
      method: 'GET',
      url: '/v1/tokens',
      summary: "All API tokens with EmailEngine's fields, without the tokens themselves",
      access,
      answer: tokensSchema,
      handle: list,
    }),
    route({
      method: 'GET',
      url: '/v1/tokens/account/:account',
      summary: 'The API tokens that are for this account only',
      access,
      params: z.object({ account: idSchema }),
      answer: tokensSchema,
      async handle({ params }) {
        const listed = await list()
        if (!listed.ok) return listed
        return ok({ tokens: listed.value.tokens.filter(({ account }) => account === params.account) })
      },
    }),
    route({
      method: 'DELETE',
      url: '/v1/token/:token',
      summary: 'Revoke an API token, by its id or its text',
      access,
      params: z.object({ token: z.string().min(1).max(256) }),
      answer: z.strictObject({ deleted: z.literal(true) }),
      async handle({ params: { token } }) {
        const revoked = await tokenbus.revokeApiToken(apiTokenId(token) ?? token)
        if (!revoked.ok) return fail('not_found', 'token: there is no such API token')
        return ok({ deleted: true as const })
      },
    }),
  ]
}
