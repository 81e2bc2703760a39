import { z } from 'zod'
import { appPutSchema, providerSchema } from '../contract/app.ts'
import { textSchema } from '../contract/fields.ts'
import { protocolSettings } from '../contract/protocol-settings.ts'

const { grant, authorizeUrl, tokenUrl, revocationUrl, deviceUrl, scopes, rotation, graceSeconds } =
  appPutSchema.shape

/** What `app.put` would say, and the entry says instead. */
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
  /** Of the consent page: these take nothing away. */
  authorizeParams: z.record(z.string().regex(/^[\w.:-]{1,64}$/), z.string().max(2_048)).optional(),
})

const days = z.number().positive().max(3_660)

/** What no setting says. */
const factsSchema = z.strictObject({
  /** The catalogue's provider whose error words and scope names this one shares. */
  like: providerSchema.optional(),
  /** How an RSA key signs what the app asserts. */
  signs: z.enum(['RS256', 'PS256']).optional(),
  /** How long a grant may lie unused. */
  idleDays: days.optional(),
  /** How long a grant lives while the app is being tested. */
  testingDays: days.optional(),
  /** What it means that a refresh token has outlived the life it was given; else that it lay unused. */
  outlived: z.literal('consent_expired').optional(),
  /** Token requests of one app from one node: at a time, and per second. */
  caps: z
    .strictObject({ concurrency: z.int().min(1).max(256), perSecond: z.number().positive().max(10_000) })
    .optional(),
  securityEvents: z
    .strictObject({ issuer: z.url(), jwksUrl: z.url().optional(), configurationUrl: z.url().optional() })
    .optional(),
  /** Who signs its ID tokens, and what asks for one beside what the app wants. */
  identity: z
    .strictObject({
      /** `{login}` and `{tid}` stand for the cloud and for the tenant that the ID token is of. */
      issuer: z.string().regex(/^https:\/\/[\w.{}/-]{1,255}$/, 'must be an https URL'),
      scopes: z.array(textSchema(64)).max(10),
      /** Also where the operator has named the endpoints: the provider's own error words and scopes mean the same there. */
      anywhere: z.literal(true).optional(),
    })
    .optional(),
})

const sentence = textSchema(512)

/** One file of the catalogue. What it does not say is as RFC 6749 has it, or the careful side of what is not known. */
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
  /** Settings of `app.put` that mean something here, beside those that every app has. */
  takes: z.array(z.enum(['issuer', 'grant', 'tenant', 'cloud', 'testing'])).default([]),
  settings: settingsSchema,
  facts: factsSchema.default({}),
  /** The provider's page for each setting or fact that is not the RFC's, or ours. */
  sources: z.record(z.url(), z.array(textSchema(64)).min(1)),
  /** What an operator does at the provider. */
  setup: z.strictObject({
    /** Where apps are registered. */
    register: z.url().optional(),
    /** What the provider calls the address of the callback. */
    redirectUrlName: textSchema(128).optional(),
    /** APIs to enable, scopes and permissions to ask for. */
    permissions: sentence.optional(),
    /** What is different while the app is being tested, or not reviewed yet. */
    testing: sentence.optional(),
    remarks: z.array(sentence).max(10).default([]),
  }),
})

export type CatalogueEntry = z.output<typeof catalogueEntrySchema>
