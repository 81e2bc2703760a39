import { z } from 'zod'
import { accountStateSchema, eventSchemas, providerErrorSchema } from './events.ts'
import { type FailureWord, failureStatus } from './failures.ts'
import { idSchema, policySchema, providerSchema, rotationSchema, scopeSchema } from './requests.ts'

const time = z.iso.datetime()
const texts = z.array(z.string())
const generation = z.int().nonnegative()
const version = z.int().nonnegative()

const token = z.strictObject({
  account: idSchema,
  user: z.string(),
  accessToken: z.string().min(1),
  provider: z.string(),
  app: idSchema,
  registeredScopes: texts,
  expires: time,
  generation,
  version,
  since: time,
  minValidityMet: z.literal(false).optional(),
  refreshed: z.literal(false).optional(),
})

const revised = { version: z.int().nonnegative(), revision: z.string() }

const account = z.strictObject({
  account: idSchema,
  ...revised,
  user: z.string(),
  subject: z.string().optional(),
  app: idSchema,
  provider: z.string(),
  state: accountStateSchema,
  generation,
  expires: time.nullable(),
  registeredScopes: texts,
  missingScopes: texts,
  policy: policySchema,
  grantExpires: time.optional(),
  since: time,
  lastRefreshedAt: time.nullable(),
  nextAttemptAt: time.nullable(),
  reason: z.string().optional(),
  class: z.enum(['A', 'S', 'P']).optional(),
  recoverable: z.boolean().optional(),
  action: z.string().optional(),
  inferred: z.boolean().optional(),
  lastError: z
    .strictObject({
      at: time,
      class: z.enum(['A', 'S', 'P', 'C', 'T', 'R']),
      reason: z.string(),
      action: z.string(),
      providerError: providerErrorSchema,
    })
    .optional(),
  metadata: z.record(z.string(), z.json()).optional(),
})

/** An app's own settings are there as they were put, secrets as `***`. */
const app = z.looseObject({
  app: idSchema,
  ...revised,
  state: z.enum(['healthy', 'secret-expiring', 'secret-expired', 'throttled']),
  provider: providerSchema,
  clientId: z.string(),
  scopes: texts,
  rotation: rotationSchema,
  secrets: z.array(
    z.strictObject({
      id: z.string(),
      secret: z.literal('***'),
      rejected: z.boolean(),
      expiresAt: time.optional(),
    }),
  ),
  since: time,
  /** The origin at which discovery found the token endpoint; another one is not sent anything. */
  discoveredAt: z.string().optional(),
  /** Where `moveGrants` lets grants follow. */
  grantsMayMoveTo: texts.optional(),
  /** The settings that today's preset would fill in otherwise, if the app were put again. */
  newerPreset: texts.optional(),
})

export const apiTokenSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(scopeSchema),
  accounts: z.string(),
  apps: z.string().nullable(),
  perSecond: z.number(),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
})

export const appVerificationSchema = z.strictObject({
  app: idSchema,
  ok: z.boolean(),
  steps: z.array(
    z.strictObject({
      step: z.enum([
        'configuration',
        'redirect_uri',
        'discovery',
        'token_endpoint',
        'credentials',
        'delegation',
      ]),
      ok: z.boolean().nullable(),
      message: z.string(),
      action: z.string().optional(),
      secret: z.string().optional(),
    }),
  ),
})

const putEffect = {
  created: z.literal(true).optional(),
  triedAgain: z.literal(true).optional(),
  unchanged: z.literal(true).optional(),
}

const revokedAtProvider = z.boolean().optional()

/** What a request is answered with when it succeeds, by its verb. Strict: what is not said here is not sent. */
export const answerSchemas: Readonly<Record<string, z.ZodObject | z.ZodUnion>> = {
  'token.get': token,
  'token.reject': token,
  'account.put': z.union([
    account.extend(putEffect),
    z.strictObject({ account: idSchema, dryRun: z.literal(true), ...putEffect }),
  ]),
  'account.get': account,
  'account.list': z.strictObject({
    accounts: z.array(account),
    cursor: z.string().optional(),
    total: z.int().nonnegative().optional(),
  }),
  'account.revoke': account.extend({ revokedAtProvider }),
  'account.delete': z.strictObject({ account: idSchema, deleted: z.literal(true), revokedAtProvider }),
  'account.history': z.strictObject({
    account: idSchema,
    transitions: z.array(eventSchemas['account.transition']),
  }),
  'app.put': app,
  'app.get': app,
  'app.list': z.strictObject({ apps: z.array(app) }),
  'app.delete': z.strictObject({ app: idSchema, deleted: z.literal(true) }),
  'app.secret.add': app,
  'app.secret.remove': app,
  'app.verify': appVerificationSchema,
  'keys.rotate': z.strictObject({
    key: z.string(),
    looked: z.int(),
    resealed: z.int(),
    unopened: texts,
    progress: z.number().min(0).max(1),
    cursor: z.string().optional(),
    retired: texts.optional(),
  }),
  'events.dead': z.strictObject({
    events: z.array(
      z.strictObject({
        id: z.string(),
        type: z.string(),
        time,
        account: idSchema.optional(),
        app: idSchema.optional(),
        version: z.int().nonnegative(),
        reason: z.string(),
        bytes: z.int().nonnegative(),
      }),
    ),
    total: z.int().nonnegative(),
  }),
  'events.retry': z.strictObject({ retried: z.int().nonnegative() }),
  'events.drop': z.strictObject({ dropped: z.int().nonnegative() }),
  'upgrade.finish': z.strictObject({
    level: z.int(),
    looked: z.int(),
    rewritten: z.int(),
    unopened: texts,
    progress: z.number().min(0).max(1),
    cursor: z.string().optional(),
    finished: z.literal(true).optional(),
  }),
  'api-token.create': apiTokenSchema.extend({ token: z.string() }),
  'api-token.list': z.strictObject({ apiTokens: z.array(apiTokenSchema) }),
  'api-token.revoke': z.strictObject({ id: z.string(), revoked: z.literal(true) }),
}

/** What any request is answered with when it fails; `Nats-Service-Error` says the same word. */
export const failureSchema = z.strictObject({
  error: z.enum([...(Object.keys(failureStatus) as FailureWord[]), 'internal_error']),
  message: z.string(),
  account: idSchema.optional(),
  state: accountStateSchema.optional(),
  reason: z.string().optional(),
  recoverable: z.boolean().optional(),
  action: z.string().optional(),
  claims: z.string().optional(),
  retryAfter: z.int().positive().optional(),
})
