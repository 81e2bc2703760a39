import { z } from 'zod'
import { appPutSchema, providerSchema } from '../contract/app.ts'
import { textSchema } from '../contract/fields.ts'
import { protocolSettings } from '../contract/protocol-settings.ts'

const { grant, authorizeUrl, tokenUrl, revocationUrl, deviceUrl, scopes, rotation, graceSeconds } =
  appPutSchema.shape

/** Defaults for settings of `app.put`. */
const settingsSchema = z.strictObject({
  grant,
  authorizeUrl,
  tokenUrl,
  revocationUrl,
  deviceUrl,
  scopes,
  rotation,
  graceSeconds,
  ...protocolSettings,
  /** Parameters of the consent page can be added here, but not removed. */
  authorizeParams: z.record(z.string().regex(/^[\w.:-]{1,64}$/), z.string().max(2_048)).optional(),
})

const days = z.number().positive().max(3_660)

/** Facts that are not settings. */
const factsSchema = z.strictObject({
  /** The provider in the catalogue with the same error codes and scope names. */
  like: providerSchema.optional(),
  /** The signature algorithm of RSA keys for assertions. */
  signs: z.enum(['RS256', 'PS256']).optional(),
  /** How long a grant may be unused. */
  idleDays: days.optional(),
  /** Lifetime of a grant while the app is in testing mode. */
  testingDays: days.optional(),
  /** The reason of a refusal after the refresh token's lifetime, instead of inactivity. */
  outlived: z.literal('consent_expired').optional(),
  /** The limits for token requests of one app from one node: concurrent, and per second. */
  caps: z
    .strictObject({ concurrency: z.int().min(1).max(256), perSecond: z.number().positive().max(10_000) })
    .optional(),
  securityEvents: z
    .strictObject({ issuer: z.url(), jwksUrl: z.url().optional(), configurationUrl: z.url().optional() })
    .optional(),
  /** The issuer of its ID tokens, and the scopes that request one. */
  identity: z
    .strictObject({
      /** `{login}` and `{tid}` are placeholders for the cloud and the tenant of the ID token. */
      issuer: z.string().regex(/^https:\/\/[\w.{}/-]{1,255}$/, 'must be an https URL'),
      scopes: z.array(textSchema(64)).max(10),
      /** Applies also if the operator set the endpoints, because error codes and scopes have the same meaning there. */
      anywhere: z.literal(true).optional(),
    })
    .optional(),
})

const sentence = textSchema(512)

/** A file of the catalogue. Defaults follow RFC 6749, or are conservative where nothing is known. */
export const catalogueEntrySchema = z.strictObject({
  displayName: textSchema(64),
  category: z.enum([
    'accounting',
    'commerce',
    'communication',
    'crm',
    'design',
    'development',
    'files',
    'fitness',
    'identity',
    'mail',
    'marketing',
    'media',
    'payments',
    'productivity',
    'social',
    'support',
  ]),
  /** Settings of `app.put` that apply to this provider, besides the common ones. */
  takes: z.array(z.enum(['issuer', 'grant', 'tenant', 'cloud', 'testing'])).default([]),
  settings: settingsSchema,
  facts: factsSchema.default({}),
  /** The provider's page for each setting or fact that deviates from the RFCs. */
  sources: z.record(z.url(), z.array(textSchema(64)).min(1)),
  /** Instructions for the operator at the provider. */
  setup: z.strictObject({
    /** Where apps are registered. */
    register: z.url().optional(),
    /** The provider's name for the callback URL. */
    redirectUrlName: textSchema(128).optional(),
    /** APIs to enable, and scopes and permissions to request. */
    permissions: sentence.optional(),
    /** Restrictions while the app is in testing mode or not reviewed. */
    testing: sentence.optional(),
    remarks: z.array(sentence).max(10).default([]),
  }),
})

export type CatalogueEntry = z.output<typeof catalogueEntrySchema>
