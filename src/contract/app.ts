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

/** The settings of an app; what is said of each here is what the documentation and the operators' page say. */
export const appPutSchema = z.strictObject({
  ifVersion,
  name: textSchema(256).optional().describe('what people call it'),
  provider: providerSchema.describe('a name of the catalogue of providers'),
  clientId: clientIdSchema.describe(
    'as the provider shows it where the app is registered; of a Google service account its e-mail address',
  ),
  clientSecret: secretTextSchema
    .optional()
    .describe('as the provider shows it once; or, as PEM text, the private key of a certificate'),
  secrets: z
    .array(secretSchema)
    .min(1)
    .max(mostSecrets)
    .optional()
    .describe('all client secrets, each with the date it runs out on; tried in this order'),
  serviceKey: secretTextSchema
    .optional()
    .describe('the private key of the service account: the text of its JSON key file, or PEM'),
  grant: grantSchema
    .optional()
    .describe('how the app comes by tokens: by the consent of people, or as itself with its secret or key'),
  tenant: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,254}$/i, 'must be common, organizations, consumers, a domain or an id')
    .optional()
    .describe('whose accounts sign in: common, organizations, consumers, or a domain or id of one tenant'),
  cloud: cloudSchema.optional().describe("which of Microsoft's clouds the tenant is in"),
  issuer: urlTemplateSchema
    .optional()
    .describe('the OpenID Connect issuer, which says where its endpoints are'),
  authorizeUrl: urlTemplateSchema.optional().describe('where people consent (RFC 6749 §3.1)'),
  tokenUrl: urlTemplateSchema.optional().describe('where tokens are asked for (RFC 6749 §3.2)'),
  revocationUrl: urlTemplateSchema.optional().describe('where grants are revoked (RFC 7009)'),
  deviceUrl: urlTemplateSchema
    .optional()
    .describe('where a consent on another device begins (RFC 8628 §3.1)'),
  ...protocolSettings,
  scopes: scopesSchema
    .optional()
    .describe("all scopes that are asked for, in place of the provider's usual ones"),
  additionalScopes: scopesSchema
    .optional()
    .describe('scopes beside the usual ones: those of the APIs that the tokens are for'),
  policy: policySchema
    .optional()
    .describe('when tokens are refreshed: ahead of time, on request only, or by how much they are asked for'),
  rotation: rotationSchema.optional().describe('what the provider does with a refresh token once it is used'),
  graceSeconds: secondsSchema
    .optional()
    .describe('how long a spent refresh token is answered again, where rotation is grace'),
  testing: z
    .boolean()
    .optional()
    .describe('the app is registered as being tested, which shortens the life of its grants'),
  concurrency: z.int().min(1).max(256).optional().describe('token requests at once, from each node'),
  securityEvents: z
    .strictObject({ issuer: z.url(), jwksUrl: z.url() })
    .optional()
    .describe('whose security event tokens (RFC 8417) are accepted, in place of those of the provider'),
  moveGrants: z.boolean().optional().describe("lets the app's grants follow to its endpoints of now, once"),
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
/** What a change names. `reset`: settings that go back to what the catalogue has. */
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
