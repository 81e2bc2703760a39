import { z } from 'zod'
import { appStates } from '../../machines/index.ts'
import {
  clientIdSchema,
  idSchema,
  ifVersionSchema,
  policySchema,
  requestedScopesSchema,
  revised,
  type Sent,
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
/** A name from the provider catalogue. */
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

/** Per app; bounded because one refresh attempt may try each of them. */
export const maxSecrets = 10

/** The settings of an app. The descriptions appear in the API documentation and on the operators' page. */
export const appPutSchema = z.strictObject({
  ifVersion,
  name: textSchema(256).optional().describe('a display name'),
  logoUrl: z
    .url({ protocol: /^https$/, error: 'must be an https URL' })
    .max(2_048)
    .optional()
    .describe('the https URL of a logo, which the consent pages show beside the name'),
  provider: providerSchema.describe('a name from the provider catalogue'),
  clientId: clientIdSchema.describe(
    'the client id as registered with the provider; for a Google service account its e-mail address',
  ),
  clientSecret: secretTextSchema
    .optional()
    .describe('the client secret; or, as PEM text, the private key of a certificate'),
  secrets: z
    .array(secretSchema)
    .min(1)
    .max(maxSecrets)
    .optional()
    .describe('all client secrets, each with its expiry date if it has one; tried in this order'),
  serviceKey: secretTextSchema
    .optional()
    .describe('the private key of the service account: the text of its JSON key file, or PEM'),
  grant: grantSchema
    .optional()
    .describe("how the app obtains tokens: with users' consent, or for itself with its secret or key"),
  tenant: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,254}$/i, 'must be common, organizations, consumers, a domain or an id')
    .optional()
    .describe(
      'which accounts may sign in: common, organizations, consumers, or the domain or id of one tenant',
    ),
  cloud: cloudSchema.optional().describe('the Microsoft cloud the tenant is in'),
  issuer: urlTemplateSchema
    .optional()
    .describe('the OpenID Connect issuer, from which the endpoints are discovered'),
  authorizeUrl: urlTemplateSchema.optional().describe('the authorization endpoint (RFC 6749 §3.1)'),
  tokenUrl: urlTemplateSchema.optional().describe('the token endpoint (RFC 6749 §3.2)'),
  revocationUrl: urlTemplateSchema.optional().describe('the revocation endpoint (RFC 7009)'),
  deviceUrl: urlTemplateSchema.optional().describe('the device authorization endpoint (RFC 8628 §3.1)'),
  ...protocolSettings,
  scopes: requestedScopesSchema
    .optional()
    .describe("all scopes to request, instead of the provider's defaults"),
  additionalScopes: requestedScopesSchema
    .optional()
    .describe('scopes to request in addition to the defaults: those of the APIs that the tokens are for'),
  policy: policySchema
    .optional()
    .describe(
      'when tokens are refreshed: eager is ahead of expiry, lazy on request, adaptive ahead of expiry if the token is in use',
    ),
  rotation: rotationSchema.optional().describe('what the provider does with a refresh token once it is used'),
  graceSeconds: secondsSchema
    .optional()
    .describe('with rotation grace, how long a used refresh token is accepted again'),
  enabled: z
    .boolean()
    .optional()
    .describe('whether tokens of its accounts are refreshed and answered; true by default'),
  testing: z
    .boolean()
    .optional()
    .describe('the app is in testing mode at the provider, which shortens the lifetime of its grants'),
  concurrency: z.int().min(1).max(256).optional().describe('maximum of concurrent token requests per node'),
  securityEvents: z
    .strictObject({ issuer: z.url(), jwksUrl: z.url() })
    .optional()
    .describe("the issuer of security event tokens (RFC 8417) to accept, instead of the provider's"),
  moveGrants: z
    .boolean()
    .optional()
    .describe("allows existing grants to be sent to the app's current endpoints, once"),
})

export const appSecretAddSchema = secretSchema.extend({ ifVersion })
export const appDeleteSchema = z.strictObject({ ifVersion })
export const appSecretRemoveSchema = z.strictObject({ id: z.string().min(1).max(64), ifVersion })

/** `user`: for an app that signs assertions, the user to try one for. */
export const appVerifySchema = z.strictObject({
  user: textSchema(320).optional(),
  params: urlValuesSchema.optional(),
})

/** Contains the app's settings as they were put, with secrets as `***`. */
export const appSchema = z.looseObject({
  app: idSchema,
  ...revised,
  state: appStateSchema,
  enabled: z.boolean().describe('false: tokens of its accounts are neither refreshed nor answered'),
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
    .describe('the origin of the token endpoint that discovery found; nothing is sent to another one'),
  grantsMayMoveTo: textsSchema.optional().describe('the origins that moveGrants allows grants to be sent to'),
  inQuestion: z
    .literal(true)
    .optional()
    .describe(
      'the provider has refused it, in a refresh or a consent, and it is not settled yet: lastError says why',
    ),
  newerPreset: textsSchema
    .optional()
    .describe(
      "the settings that would change if the app were put again, because the catalogue's preset is newer",
    ),
})

export const appPageSchema = z.strictObject({ apps: z.array(appSchema) })
export const appDeletedSchema = z.strictObject({ app: idSchema, deleted: z.literal(true) })

/** The steps of an app's verification, up to the first that failed. */
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
      ok: z.boolean().nullable().describe('null if it was not tried, or cannot be proven'),
      message: z.string(),
      action: z.string().optional(),
      secret: z.string().optional().describe('the id of the secret that the step concerns'),
    }),
  ),
})

export type AppPut = z.output<typeof appPutSchema>
/** A partial change. `reset`: settings that return to the catalogue's values. */
export type AppPatch = Partial<AppPut> & { readonly reset?: readonly (keyof AppPut)[] }
export type AppDelete = z.output<typeof appDeleteSchema>
export type AppSecretAdd = z.output<typeof appSecretAddSchema>
export type AppSecretRemove = z.output<typeof appSecretRemoveSchema>
export type AppVerify = z.output<typeof appVerifySchema>
export type AppView = Sent<typeof appSchema>
export type AppPage = Sent<typeof appPageSchema>
export type AppDeleted = Sent<typeof appDeletedSchema>
export type AppVerification = Sent<typeof appVerificationSchema>
export type VerifiedStep = AppVerification['steps'][number]
