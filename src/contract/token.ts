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
  /** The caller's own, which is exchanged for one of the account's provider (RFC 8693). */
  subjectToken: tokenTextSchema.optional(),
  subjectTokenType: subjectTokenTypeSchema.optional(),
})

/** The same over HTTP, where it is a request of its own: the token it brings belongs into no URL. */
export const tokenExchangeSchema = tokenGetSchema
  .pick({ scopes: true, subjectToken: true, subjectTokenType: true })
  .required({ subjectToken: true })

export const tokenRejectSchema = z.strictObject({
  generation: generationSchema,
  claims: claimsSchema.optional(),
  /** Those the token was asked for with. */
  scopes: resourceScopesSchema.optional(),
})

/** What `token.get` and `token.reject` are answered with. */
export const tokenSchema = z.strictObject({
  account: idSchema,
  user: z.string(),
  accessToken: z.string().min(1),
  provider: z.string(),
  app: idSchema,
  registeredScopes: textsSchema,
  expires: timeSchema.nullable().describe('null where nobody says that it runs out'),
  generation: generationSchema,
  extra: extraSchema.optional().describe('what the app keeps of the answers of its provider'),
  version: versionSchema.describe('of the account, as its events count them'),
  since: timeSchema.describe('when the account came into its state'),
  minValidityMet: z.literal(false).optional().describe('it lives shorter than was asked for; else absent'),
  refreshed: z.literal(false).optional().describe('a newer one was asked for, and this is none; else absent'),
})

export type TokenWant = z.output<typeof tokenGetSchema>
export type TokenReject = z.output<typeof tokenRejectSchema>
export type TokenReply = Sent<typeof tokenSchema>
