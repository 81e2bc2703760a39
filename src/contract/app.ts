import { z } from 'zod'
import { appStates } from '../../machines/index.ts'
import {
  clientIdSchema,
  idSchema,
  ifVersionSchema,
  policySchema,
  revised,
  type Sent,
  scopesSchema,
  secondsSchema,
  secretTextSchema,
  textSchema,
  textsSchema,
  timeSchema,
  urlValuesSchema,
} from './fields.ts'
import { protocolSettings, urlTemplateSchema } from './protocol-settings.ts'

const ifVersion = ifVersionSchema.optional()

export const appStateSchema = z.enum(appStates)
export const rotationSchema = z.enum(['none', 'keeps-old', 'grace', 'until-used', 'strict'])
/** A name in the catalogue of providers. */
export const providerSchema = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]{0,63}$/, 'must be a letter, then up to 63 letters, digits and -')
export const grantSchema = z.enum([
  'authorization_code',
  'jwt_bearer',
  'client_credentials',
  'token_exchange',
])
export const cloudSchema = z.enum(['global', 'gcc-high', 'dod', 'china'])

export const secretSchema = z.strictObject({
  id: textSchema(64).optional(),
  secret: secretTextSchema,
  expiresAt: z.iso.datetime({ offset: true }).optional(),
})

/** Of one app: each may be tried once by one attempt. */
export const mostSecrets = 10

export const appPutSchema = z.strictObject({
  ifVersion,
  /** For people. */
  name: textSchema(256).optional(),
  provider: providerSchema,
  clientId: clientIdSchema,
  clientSecret: secretTextSchema.optional(),
  secrets: z.array(secretSchema).min(1).max(mostSecrets).optional(),
  serviceKey: secretTextSchema.optional(),
  grant: grantSchema.optional(),
  tenant: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,254}$/i, 'must be common, organizations, consumers, a domain or an id')
    .optional(),
  cloud: cloudSchema.optional(),
  issuer: urlTemplateSchema.optional(),
  authorizeUrl: urlTemplateSchema.optional(),
  tokenUrl: urlTemplateSchema.optional(),
  revocationUrl: urlTemplateSchema.optional(),
  /** RFC 8628 §3.1. */
  deviceUrl: urlTemplateSchema.optional(),
  ...protocolSettings,
  scopes: scopesSchema.optional(),
  additionalScopes: scopesSchema.optional(),
  policy: policySchema.optional(),
  rotation: rotationSchema.optional(),
  graceSeconds: secondsSchema.optional(),
  /** The app is registered as being tested, which shortens the life of its grants. */
  testing: z.boolean().optional(),
  /** Token requests at once, from each node. */
  concurrency: z.int().min(1).max(256).optional(),
  /** The issuer of accepted security event tokens (RFC 8417); by default the provider's, where it is known. */
  securityEvents: z.strictObject({ issuer: z.url(), jwksUrl: z.url() }).optional(),
  /** Lets the app's grants follow to its endpoints of now, once. */
  moveGrants: z.boolean().optional(),
})

export const appSecretAddSchema = secretSchema.extend({ ifVersion })
export const appDeleteSchema = z.strictObject({ ifVersion })
export const appSecretRemoveSchema = z.strictObject({ id: z.string().min(1).max(64), ifVersion })

/** `user`: for whom an app that signs assertions is to try one. */
export const appVerifySchema = z.strictObject({
  user: textSchema(320).optional(),
  params: urlValuesSchema.optional(),
})

/** An app's own settings are there as they were put, secrets as `***`. */
export const appSchema = z.looseObject({
  app: idSchema,
  ...revised,
  state: appStateSchema,
  provider: providerSchema,
  clientId: z.string(),
  scopes: textsSchema,
  rotation: rotationSchema,
  secrets: z.array(
    z.strictObject({
      id: z.string(),
      secret: z.literal('***'),
      rejected: z.boolean(),
      expiresAt: timeSchema.optional(),
    }),
  ),
  since: timeSchema,
  discoveredAt: z
    .string()
    .optional()
    .describe('the origin at which discovery found the token endpoint; another one is not sent anything'),
  grantsMayMoveTo: textsSchema.optional().describe('where moveGrants lets grants follow'),
  newerPreset: textsSchema
    .optional()
    .describe("the settings that today's preset would fill in otherwise, if the app were put again"),
})

export const appPageSchema = z.strictObject({ apps: z.array(appSchema) })
export const appDeletedSchema = z.strictObject({ app: idSchema, deleted: z.literal(true) })

/** An app's set-up, step by step, up to the first that failed. */
export const appVerificationSchema = z.strictObject({
  app: idSchema,
  ok: z.boolean().describe('no step failed'),
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
      ok: z.boolean().nullable().describe('null where it was not tried, or cannot be proven from here'),
      message: z.string(),
      action: z.string().optional(),
      secret: z.string().optional().describe('the id of the secret that it is about'),
    }),
  ),
})

export type AppPut = z.output<typeof appPutSchema>
export type AppPatch = Partial<AppPut>
export type AppDelete = z.output<typeof appDeleteSchema>
export type AppSecretAdd = z.output<typeof appSecretAddSchema>
export type AppSecretRemove = z.output<typeof appSecretRemoveSchema>
export type AppVerify = z.output<typeof appVerifySchema>
export type AppView = Sent<typeof appSchema>
export type AppPage = Sent<typeof appPageSchema>
export type AppDeleted = Sent<typeof appDeletedSchema>
export type AppVerification = Sent<typeof appVerificationSchema>
export type VerifiedStep = AppVerification['steps'][number]
