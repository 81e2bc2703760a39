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
  /** False: the account must stay that of the same person. */
  allowOtherUser: z.boolean().optional(),
  accessToken: tokenTextSchema.optional(),
  refreshToken: tokenTextSchema.optional(),
  /** Null: never, as far as anybody says. */
  expires: z.iso.datetime({ offset: true }).nullish(),
  /** When the refresh token runs out. */
  grantExpires: z.iso.datetime({ offset: true }).optional(),
  scopes: scopesSchema.optional(),
  policy: policySchema.optional(),
  metadata: metadataSchema.optional(),
  params: urlValuesSchema.optional(),
  extra: extraSchema.optional(),
  ifGeneration: generationSchema.optional(),
})

/** `dryRun`: say what the put would do, and do nothing. */
export const accountPutRequestSchema = accountPutSchema.extend({ dryRun: z.boolean().optional() })

/** In lists: what accounts are looked for by, beside what an index knows. */
const accountFilters = {
  /** The account's user; case-insensitive. */
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
    state: accountStateSchema.optional(),
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

/** Who is to connect it, by which app: a person who agrees on another device (RFC 8628). */
export const accountDeviceSchema = z.strictObject({
  app: idSchema,
  /** Where the provider does not say who it was. */
  user: textSchema(320).optional(),
  params: urlValuesSchema.optional(),
  /** The account may become that of another person. */
  allowOtherUser: z.boolean().optional(),
})

/** What the person is shown. */
export const accountDeviceReplySchema = z.strictObject({
  account: idSchema,
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().optional().describe('with the code in it'),
  expiresIn: z.int().positive().describe('seconds'),
})

/** An account as operators see it: never a secret. */
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
  grantExpires: timeSchema.optional().describe('when the refresh token runs out, where the provider says so'),
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
  params: urlValuesSchema.optional().describe('what fills the URLs of its app'),
  extra: extraSchema.optional().describe('what its app keeps of the answers of the provider'),
})

/** `created`: there was none before. `triedAgain`: its grant was dead, and its token is sent once more. */
const putEffectSchema = z.strictObject({
  created: z.literal(true).optional(),
  triedAgain: z.literal(true).optional(),
  unchanged: z.literal(true).optional(),
})
/** What was put. */
export const accountPutReplySchema = accountSchema.extend(putEffectSchema.shape)
/** What a put would do, which was not done. */
export const accountPutCheckSchema = z.strictObject({
  account: idSchema,
  dryRun: z.literal(true),
  ...putEffectSchema.shape,
})

const revokedAtProvider = z.boolean().optional().describe('did the provider confirm, where it was asked?')
export const accountRevokedSchema = accountSchema.extend({ revokedAtProvider })
export const accountDeletedSchema = z.strictObject({
  account: idSchema,
  deleted: z.literal(true),
  revokedAtProvider,
})

export const accountPageSchema = z.strictObject({
  accounts: z.array(accountSchema),
  cursor: z.string().optional(),
  total: countSchema.optional().describe('where a page was asked for by its number'),
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
