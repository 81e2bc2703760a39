import { z } from 'zod'
import { nestsDeeper } from '../common/nested.ts'
import { claimsSchema } from './claims-challenge.ts'
import {
  idSchema,
  ifVersion,
  type ifVersionSchema,
  isText,
  policySchema,
  scopesSchema,
  secondsSchema,
  textRule,
  textSchema,
  tokenSchema,
} from './request-parts.ts'

export * from './app-requests.ts'
export {
  cloudSchema,
  grantSchema,
  idSchema,
  ifVersionSchema,
  longestScope,
  mostScopes,
  newIdSchema,
  policySchema,
  providerSchema,
  rotationSchema,
  textSchema,
} from './request-parts.ts'

/** In bytes of JSON. It is loaded with the account whenever that is. */
const longestMetadata = 65_536
const deepestMetadata = 32
/** JSON is what the doors have parsed; a schema that follows it down would be at its mercy. */
export const metadataSchema = z
  .record(z.string(), z.unknown())
  .refine((facts) => !nestsDeeper(facts, deepestMetadata), {
    error: `must not be nested deeper than ${deepestMetadata}`,
    abort: true,
  })
  .refine(
    (facts) => Buffer.byteLength(JSON.stringify(facts)) <= longestMetadata,
    `must have ${longestMetadata} bytes of JSON at most`,
  )

/** Of another API, or fewer than were granted: a second token of the same grant. */
export const resourceScopesSchema = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope as RFC 6749 §3.3 has it'))
  .min(1)
  .max(20)

/** `token.get`: `minValidity` in seconds. */
export const tokenGetSchema = z.strictObject({
  minValidity: secondsSchema.optional(),
  forceRefresh: z.boolean().optional(),
  ifGeneration: z.int().nonnegative().optional(),
  scopes: resourceScopesSchema.optional(),
})

export const tokenRejectSchema = z.strictObject({
  generation: z.int().nonnegative(),
  claims: claimsSchema.optional(),
  /** Those the token was asked for with. */
  scopes: resourceScopesSchema.optional(),
})

export const accountPutSchema = z.strictObject({
  ifVersion,
  app: idSchema,
  user: textSchema(320),
  subject: textSchema(255).optional(),
  accessToken: tokenSchema.optional(),
  refreshToken: tokenSchema.optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
  /** When the refresh token runs out. */
  grantExpires: z.iso.datetime({ offset: true }).optional(),
  scopes: scopesSchema.optional(),
  policy: policySchema.optional(),
  metadata: metadataSchema.optional(),
  ifGeneration: z.int().nonnegative().optional(),
})

/** `dryRun`: say what the put would do, and do nothing. */
export const accountPutRequestSchema = accountPutSchema.extend({ dryRun: z.boolean().optional() })

/** In lists: what accounts are looked for by, beside what an index knows. */
const accountFilters = {
  /** Whose account it is, without regard to case. */
  user: textSchema(320).optional(),
  reason: z.string().min(1).max(64).optional(),
  /** In the id, the user or the subject, without regard to case. */
  search: textSchema(256).optional(),
}

export const accountListSchema = z
  .strictObject({
    ...accountFilters,
    cursor: z.string().max(2048).optional(),
    limit: z.int().min(1).max(1000).optional(),
    state: z.enum(['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired']).optional(),
    app: idSchema.optional(),
    prefix: z.string().max(256).optional(),
    page: z.int().min(0).max(1_000_000).optional(),
  })
  .refine(
    ({ page, ...query }) =>
      page === undefined || Object.keys(accountFilters).every((name) => query[name as 'user'] === undefined),
    { path: ['page'], error: 'must not stand beside user, reason or search, which go on by cursor' },
  )

export const accountRevokeSchema = z.strictObject({
  ifVersion,
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a word of small letters, digits and _')
    .optional(),
  revokeAtProvider: z.boolean().optional(),
})
export const accountDeleteSchema = z.strictObject({ revokeAtProvider: z.boolean().optional(), ifVersion })
export const accountHistorySchema = z.strictObject({ limit: z.int().min(1).max(200).optional() })

/** One page of a rotation to the key of this id. */
export const keysRotateSchema = z.strictObject({
  key: z.string().min(1).max(32),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

export const eventsDeadSchema = z.strictObject({ limit: z.int().min(1).max(1_000).optional() })

/** Of the events that were set aside: one by its id, or all of them. */
export const eventsWhichSchema = z
  .strictObject({ id: z.string().min(1).max(64).optional(), all: z.literal(true).optional() })
  .refine(({ id, all }) => (id === undefined) !== (all === undefined), 'must have either id or all')

/** The end of an upgrade to this level of the stored form: first without a cursor, then page by page. */
export const upgradeFinishSchema = z.strictObject({
  level: z.int().min(1).max(1_000),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

export const scopeSchema = z.enum(['token:read', 'account:write', 'app:write', 'events:read', 'admin'])

/** Ids: one, or the beginning of some and a `*`. */
const idPatternSchema = z
  .string()
  .regex(/^[^*]*\*?$/, 'must be an id, or the beginning of one and *')
  .refine(isText, textRule)
  .min(1)
  .max(256)

export const apiTokenCreateSchema = z.strictObject({
  name: textSchema(128),
  scopes: z.array(scopeSchema).min(1),
  accounts: idPatternSchema.optional(),
  /** Null: none, as where it is left out and `accounts` is not `*`. */
  apps: idPatternSchema.nullable().optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  perSecond: z.int().min(1).max(1_000_000).optional(),
})

export type Scope = z.output<typeof scopeSchema>
export type ApiTokenCreate = z.output<typeof apiTokenCreateSchema>
export type EventsDead = z.output<typeof eventsDeadSchema>
export type EventsWhich = z.output<typeof eventsWhichSchema>
export type KeysRotate = z.output<typeof keysRotateSchema>
export type UpgradeFinish = z.output<typeof upgradeFinishSchema>
export type TokenWant = z.output<typeof tokenGetSchema>
export type TokenReject = z.output<typeof tokenRejectSchema>
export type AccountPut = z.output<typeof accountPutSchema>
export type AccountList = z.output<typeof accountListSchema>
export type AccountRevoke = z.output<typeof accountRevokeSchema>
export type AccountDelete = z.output<typeof accountDeleteSchema>
export type AccountHistory = z.output<typeof accountHistorySchema>
export type IfVersion = z.output<typeof ifVersionSchema>
