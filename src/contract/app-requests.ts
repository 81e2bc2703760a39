import { z } from 'zod'
import { protocolSettings, urlTemplateSchema } from './protocol-settings.ts'
import {
  cloudSchema,
  grantSchema,
  ifVersion,
  policySchema,
  providerSchema,
  rotationSchema,
  scopesSchema,
  secondsSchema,
  secretTextSchema,
  textSchema,
  visible,
  visibleRule,
} from './request-parts.ts'

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
  clientId: z.string().min(1).max(512).regex(visible, visibleRule),
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
  /** Whose security event tokens are taken (RFC 8417), where the provider's are not known or others are wanted. */
  securityEvents: z.strictObject({ issuer: z.url(), jwksUrl: z.url() }).optional(),
  /** Lets the app's grants follow to its endpoints of now, once. */
  moveGrants: z.boolean().optional(),
})

export const appSecretAddSchema = secretSchema.extend({ ifVersion })
export const appDeleteSchema = z.strictObject({ ifVersion })
export const appSecretRemoveSchema = z.strictObject({ id: z.string().min(1).max(64), ifVersion })

/** `user`: for whom an app that signs assertions is to try one. */
export const appVerifySchema = z.strictObject({ user: textSchema(320).optional() })

export type AppPut = z.output<typeof appPutSchema>
export type AppPatch = Partial<AppPut>
export type AppDelete = z.output<typeof appDeleteSchema>
export type AppSecretAdd = z.output<typeof appSecretAddSchema>
export type AppSecretRemove = z.output<typeof appSecretRemoveSchema>
export type AppVerify = z.output<typeof appVerifySchema>
