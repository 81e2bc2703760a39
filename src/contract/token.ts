import { z } from 'zod'
import { claimsSchema } from './claims-challenge.ts'
import {
  extraSchema,
  generationSchema,
  idSchema,
  resourceScopesSchema,
  type Sent,
  secondsSchema,
  textsSchema,
  timeSchema,
  tokenTextSchema,
  versionSchema,
} from './fields.ts'

/** RFC 8693 §3. */
const subjectTokenTypeSchema = z.enum(['access_token', 'refresh_token', 'id_token', 'jwt', 'saml1', 'saml2'])

/** `token.get`: `minValidity` in seconds. */
export const tokenGetSchema = z.strictObject({
  minValidity: secondsSchema.optional(),
  forceRefresh: z.boolean().optional(),
  ifGeneration: generationSchema.optional(),
  scopes: resourceScopesSchema.optional(),
  /** A token of the caller's, to exchange for one of the account's provider (RFC 8693). */
  subjectToken: tokenTextSchema.optional(),
  subjectTokenType: subjectTokenTypeSchema.optional(),
})

/** The same over HTTP, as a separate request with a body: the subject token must not be in a URL. */
export const tokenExchangeSchema = tokenGetSchema
  .pick({ scopes: true, subjectToken: true, subjectTokenType: true })
  .required({ subjectToken: true })

export const tokenRejectSchema = z.strictObject({
  generation: generationSchema,
  claims: claimsSchema.optional(),
  /** The scopes the token was requested with. */
  scopes: resourceScopesSchema.optional(),
})

/** The reply to `token.get` and `token.reject`. */
export const tokenSchema = z.strictObject({
  account: idSchema.describe('the account that was asked for'),
  user: z.string().describe('the user who granted access, as the provider names them'),
  accessToken: z.string().min(1).describe('for `Authorization: Bearer` (RFC 6750)'),
  provider: z.string().describe('as the app was put'),
  app: idSchema.describe('the app that the grant was given to'),
  registeredScopes: textsSchema.describe('the scopes that were granted'),
  expires: timeSchema.nullable().describe('null if the token has no known expiry'),
  generation: generationSchema.describe('counts the tokens of the account; `token.reject` names it'),
  extra: extraSchema.optional().describe("fields of the provider's token responses that the app keeps"),
  version: versionSchema.describe('the version of the account, as in its events'),
  since: timeSchema.describe('when the account entered its state'),
  minValidityMet: z
    .literal(false)
    .optional()
    .describe('the token is valid for less than minValidity; otherwise absent'),
  refreshed: z
    .literal(false)
    .optional()
    .describe('a newer token was requested, and this is not one; otherwise absent'),
})

export type TokenWant = z.output<typeof tokenGetSchema>
export type TokenReject = z.output<typeof tokenRejectSchema>
export type TokenReply = Sent<typeof tokenSchema>
