import { z } from 'zod'
import { eventSchemas, providerErrorSchema } from './events.ts'
import {
  accountStateSchema,
  countSchema,
  extraSchema,
  generationSchema,
  idSchema,
  ifVersionSchema,
  metadataSchema,
  policySchema,
  revised,
  type Sent,
  scopesSchema,
  textSchema,
  textsSchema,
  timeSchema,
  tokenTextSchema,
  urlValuesSchema,
} from './fields.ts'

const ifVersion = ifVersionSchema.optional()

export const accountPutSchema = z.strictObject({
  ifVersion,
  app: idSchema,
  user: textSchema(320),
  subject: textSchema(255).optional(),
  /** False: the account must stay with the same user. */
  allowOtherUser: z.boolean().optional(),
  accessToken: tokenTextSchema.optional(),
  refreshToken: tokenTextSchema.optional(),
  /** Null: the token has no known expiry. */
  expires: z.iso.datetime({ offset: true }).nullish(),
  /** When the refresh token expires. */
  grantExpires: z.iso.datetime({ offset: true }).optional(),
  scopes: scopesSchema.optional(),
  policy: policySchema.optional(),
  metadata: metadataSchema.optional(),
  params: urlValuesSchema.optional(),
  extra: extraSchema.optional(),
  ifGeneration: generationSchema.optional(),
})

/** `dryRun`: report what the put would do, without storing anything. */
export const accountPutRequestSchema = accountPutSchema.extend({ dryRun: z.boolean().optional() })

/** Filters of `account.list` that no index covers, so that each account is read. */
const accountFilters = {
  /** The account's user; case-insensitive. */
  user: textSchema(320).optional(),
  reason: z.string().min(1).max(64).optional(),
  /** Substring of the id, the user or the subject; case-insensitive. */
  search: textSchema(256).optional(),
}

export const accountListSchema = z
  .strictObject({
    ...accountFilters,
    cursor: z.string().max(2048).optional(),
    limit: z.int().min(1).max(1000).optional(),
    state: accountStateSchema.optional(),
    app: idSchema.optional(),
    prefix: z.string().max(256).optional(),
    page: z.int().min(0).max(1_000_000).optional(),
  })
  .refine(
    ({ page, ...query }) =>
      page === undefined || Object.keys(accountFilters).every((name) => query[name as 'user'] === undefined),
    {
      path: ['page'],
      error: 'must not be combined with user, reason or search; page through those with cursor',
    },
  )

export const accountRevokeSchema = z.strictObject({
  ifVersion,
  reason: z
    .string()
    .regex(
      /^[a-z][a-z0-9_]{0,39}$/,
      'must be up to 40 lower-case letters, digits and _, beginning with a letter',
    )
    .optional(),
  revokeAtProvider: z.boolean().optional(),
})
export const accountDeleteSchema = z.strictObject({ revokeAtProvider: z.boolean().optional(), ifVersion })
export const accountHistorySchema = z.strictObject({ limit: z.int().min(1).max(200).optional() })

/** Starts consent on another device (RFC 8628). */
export const accountDeviceSchema = z.strictObject({
  app: idSchema,
  /** The account's user, for providers that do not report who signed in. */
  user: textSchema(320).optional(),
  params: urlValuesSchema.optional(),
  /** The account may be connected to another user. */
  allowOtherUser: z.boolean().optional(),
})

/** What to show the user who consents. */
export const accountDeviceReplySchema = z.strictObject({
  account: idSchema,
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().optional().describe('the URI with the user code included'),
  expiresIn: z.int().positive().describe('seconds'),
})

/** An account without its secrets. */
export const accountSchema = z.strictObject({
  account: idSchema,
  ...revised,
  user: z.string(),
  subject: z.string().optional(),
  signedInAs: z
    .string()
    .optional()
    .describe('who signed in at the provider; in a shared mailbox not the user'),
  app: idSchema,
  provider: z.string(),
  state: accountStateSchema,
  generation: generationSchema,
  expires: timeSchema.nullable(),
  registeredScopes: textsSchema,
  missingScopes: textsSchema,
  policy: policySchema,
  grantExpires: timeSchema.optional().describe('when the refresh token expires, if the provider reports it'),
  since: timeSchema,
  lastRefreshedAt: timeSchema.nullable(),
  nextAttemptAt: timeSchema.nullable(),
  reason: z.string().optional(),
  class: z.enum(['A', 'S', 'P']).optional(),
  recoverable: z.boolean().optional(),
  action: z.string().optional(),
  inferred: z.boolean().optional(),
  lastError: z
    .strictObject({
      at: timeSchema,
      class: z.enum(['A', 'S', 'P', 'C', 'T', 'R']),
      reason: z.string(),
      action: z.string(),
      providerError: providerErrorSchema,
    })
    .optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  params: urlValuesSchema.optional().describe('values for the placeholders in the URLs of its app'),
  extra: extraSchema.optional().describe("fields of the provider's token responses that the app keeps"),
})

/**
 * `created`: the account is new. `triedAgain`: its grant was revoked, and its refresh token will be tried once more.
 */
const putEffectSchema = z.strictObject({
  created: z.literal(true).optional(),
  triedAgain: z.literal(true).optional(),
  unchanged: z.literal(true).optional(),
})
/** The account after the put. */
export const accountPutReplySchema = accountSchema.extend(putEffectSchema.shape)
/** What a put would do; nothing was stored. */
export const accountPutCheckSchema = z.strictObject({
  account: idSchema,
  dryRun: z.literal(true),
  ...putEffectSchema.shape,
})

const revokedAtProvider = z
  .boolean()
  .optional()
  .describe('whether the provider confirmed; absent if it was not asked')
export const accountRevokedSchema = accountSchema.extend({ revokedAtProvider })
export const accountDeletedSchema = z.strictObject({
  account: idSchema,
  deleted: z.literal(true),
  revokedAtProvider,
})

export const accountPageSchema = z.strictObject({
  accounts: z.array(accountSchema),
  cursor: z.string().optional(),
  total: countSchema.optional().describe('only if the request has page'),
})

export const accountTransitionsSchema = z.strictObject({
  account: idSchema,
  transitions: z.array(eventSchemas['account.transition']),
})

export type Extra = z.output<typeof extraSchema>
export type AccountPut = z.output<typeof accountPutSchema>
export type AccountList = z.output<typeof accountListSchema>
export type AccountRevoke = z.output<typeof accountRevokeSchema>
export type AccountDelete = z.output<typeof accountDeleteSchema>
export type AccountHistory = z.output<typeof accountHistorySchema>
export type AccountDevice = z.output<typeof accountDeviceSchema>
export type AccountDeviceReply = Sent<typeof accountDeviceReplySchema>
export type AccountView = Sent<typeof accountSchema>
export type PutEffect = Sent<typeof putEffectSchema>
export type AccountPutView = Sent<typeof accountPutReplySchema>
export type AccountPutCheck = Sent<typeof accountPutCheckSchema>
export type AccountRevoked = Sent<typeof accountRevokedSchema>
export type AccountDeleted = Sent<typeof accountDeletedSchema>
export type AccountPage = Sent<typeof accountPageSchema>
export type AccountTransitions = Sent<typeof accountTransitionsSchema>
export type AccountTransition = AccountTransitions['transitions'][number]
