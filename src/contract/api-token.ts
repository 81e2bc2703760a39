import { z } from 'zod'
import { isText, type Sent, textRule, textSchema, timeSchema } from './fields.ts'

export const scopeSchema = z.enum(['token:read', 'account:write', 'app:write', 'events:read', 'admin'])

/** Matches one id, or all ids with a prefix, written as the prefix and `*`. */
const idPatternSchema = z
  .string()
  .regex(/^[^*]*\*?$/, 'must be an id, or a prefix of ids followed by *')
  .refine(isText, textRule)
  .min(1)
  .max(256)

export const apiTokenCreateSchema = z.strictObject({
  name: textSchema(128),
  scopes: z.array(scopeSchema).min(1),
  accounts: idPatternSchema.optional(),
  /** Null: no apps, which is also the default unless `accounts` is `*`. */
  apps: idPatternSchema.nullable().optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  perSecond: z.int().min(1).max(1_000_000).optional(),
})

/** An API token's settings, without the token itself. */
export const apiTokenSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(scopeSchema),
  accounts: z.string().describe('an account id, or a prefix of ids followed by *'),
  apps: z.string().nullable().describe('an app id, or a prefix of ids followed by *; null: none'),
  perSecond: z.number().describe('requests per second and node'),
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  lastUsedAt: timeSchema.nullable(),
})

export const apiTokenMadeSchema = apiTokenSchema.extend({
  token: z.string().describe('the token; it cannot be read again later'),
})
export const apiTokensSchema = z.strictObject({ apiTokens: z.array(apiTokenSchema) })
export const apiTokenRevokedSchema = z.strictObject({ id: z.string(), revoked: z.literal(true) })

export type Scope = z.output<typeof scopeSchema>
export type ApiTokenCreate = z.output<typeof apiTokenCreateSchema>
export type ApiTokenView = Sent<typeof apiTokenSchema>
export type ApiTokenMade = Sent<typeof apiTokenMadeSchema>
export type ApiTokenList = Sent<typeof apiTokensSchema>
export type ApiTokenRevoked = Sent<typeof apiTokenRevokedSchema>
