import { z } from 'zod'
import type { TokenApi } from '../admin/token-api.ts'
import { appendFields } from '../common/append-fields.ts'
import type { Audit } from '../common/audit.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { idSchema, resourceScopesSchema } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import { tokenExchangeSchema, tokenRejectSchema, tokenSchema } from '../contract/token.ts'
import type { Tokenbus, TokenResult } from '../contract/tokenbus.ts'
import { fromText } from './from-text.ts'
import { type Call, type Route, route } from './route.ts'

export interface OauthTokenOptions {
  readonly tokenbus: Pick<Tokenbus, 'getToken' | 'rejectToken'>
  readonly audit: Pick<Audit, 'tokenRead'>
  readonly tokenApi: Pick<TokenApi, 'enabled'>
}

export const oauthTokenAccess = { scopes: ['token:read'], account: { path: 'account' } } as const

const params = z.object({ account: idSchema })
const answer = tokenSchema.extend({ cached: z.boolean().describe('no renewal was needed') })

/** Further members of an audit line. An address needs no escaping. */
export const callerDetails = (address: string) => `,"address":"${address}"`

/**
 * EmailEngine's token endpoint with its fields and four of our own, the token exchange, and the rejection of a token.
 */
export function oauthTokenRoutes({ tokenbus, audit, tokenApi }: OauthTokenOptions): Route[] {
  async function serve(
    {
      params: { account },
      principal,
      callerAddress,
    }: Pick<Call<{ account: string }>, 'params' | 'principal' | 'callerAddress'>,
    ask: (account: string) => Promise<TokenResult>,
  ): Promise<Result<Uint8Array>> {
    if (!tokenApi.enabled())
      return fail(
        'token_api_disabled',
        "tokens are not served over HTTP: neither the switch on the operators' page nor TOKENBUS_ENABLE_TOKEN_API allows it",
      )
    const result = await ask(account)
    if (!result.ok) return result
    audit.tokenRead((principal as Principal).id, account, callerDetails(callerAddress))
    return ok(appendFields(result.value, { cached: result.renewed !== true }))
  }

  return [
    route({
      method: 'GET',
      url: '/v1/account/:account/oauth-token',
      summary: 'A valid access token',
      access: oauthTokenAccess,
      params,
      query: z.strictObject({
        minValidity: fromText.number(z.number()).optional().describe('minimum remaining validity in seconds'),
        scopes: fromText
          .words(resourceScopesSchema)
          .optional()
          .describe('scopes of a second token of the same grant, separated by spaces'),
      }),
      answer,
      handle: ({ query: { minValidity, scopes }, ...call }) =>
        serve(call, (account) =>
          tokenbus.getToken(account, {
            ...(minValidity !== undefined && { minValidity }),
            ...(scopes && { scopes }),
          }),
        ),
    }),
    route({
      method: 'POST',
      url: '/v1/account/:account/oauth-token/exchange',
      summary: "Exchange the caller's own token for one of the account's provider (RFC 8693)",
      access: oauthTokenAccess,
      params,
      body: tokenExchangeSchema,
      answer,
      handle: ({ body: { subjectToken, subjectTokenType, scopes }, ...call }) =>
        serve(call, async (account) => {
          const exchanged = await tokenbus.getToken(account, {
            subjectToken,
            ...(subjectTokenType && { subjectTokenType }),
            ...(scopes && { scopes }),
          })
          return exchanged.ok ? { ...exchanged, renewed: true } : exchanged
        }),
    }),
    route({
      method: 'POST',
      url: '/v1/account/:account/oauth-token/reject',
      summary: 'Report that an API answered 401 to a token, and get a newer one',
      access: oauthTokenAccess,
      params,
      body: tokenRejectSchema,
      answer,
      handle: ({ body, ...call }) => serve(call, (account) => tokenbus.rejectToken(account, body)),
    }),
  ]
}
