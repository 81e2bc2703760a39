import { z } from 'zod'
import { hasControl } from '../common/control-characters.ts'
import { nestsDeeper } from '../common/nested.ts'
import { Secret } from '../common/secret.ts'
import { claimsSchema } from './claims-challenge.ts'

const visible = /^[\x20-\x7e]*$/
const visibleRule = 'must be printable ASCII, without line breaks (RFC 6749 appendix A)'
/** How private keys begin: PEM, or JSON. */
const isKey = (text: string) => /^\s*(?:-----BEGIN |\{)/.test(text)

const secretText = z.string().min(1).max(16_384)
const asSecret = (text: string) => new Secret(text)
/** RFC 6749 appendix A.12 and A.17. */
const token = secretText.regex(visible, visibleRule).transform(asSecret)
/** RFC 6749 appendix A.2, or a private key, which may have lines. */
const secret = secretText.refine((text) => visible.test(text) || isKey(text), visibleRule).transform(asSecret)

const isText = (text: string) => !hasControl(text)
const textRule = 'must have no control characters'
/** What people read: on a terminal, in a log, on a page. */
export const textSchema = (longest: number) => z.string().min(1).max(longest).refine(isText, textRule)

/**
 * 1 to 256 code points of valid Unicode (no lone surrogates). Ids of before may have control characters: they are read,
 * served and deleted as ever.
 */
export const idSchema = z
  .string()
  .refine((id) => !/\p{Cs}/u.test(id), 'must be valid Unicode')
  .refine((id) => [...id].length >= 1 && [...id].length <= 256, 'must have 1 to 256 code points')
/** Of what is made or changed. */
export const newIdSchema = idSchema.refine(isText, textRule)

export const policySchema = z.enum(['eager', 'lazy', 'adaptive'])
export const rotationSchema = z.enum(['none', 'keeps-old', 'grace', 'until-used', 'strict'])
export const providerSchema = z.enum(['gmail', 'gmailService', 'outlook', 'outlookService', 'mailRu', 'oidc'])
export const grantSchema = z.enum(['authorization_code', 'jwt_bearer', 'client_credentials'])
export const cloudSchema = z.enum(['global', 'gcc-high', 'dod', 'china'])
/** So many of so many bytes, whoever names them: they are in every snapshot and event of their account. */
export const mostScopes = 256
export const longestScope = 512
const scopesSchema = z
  .array(
    z
      .string()
      .min(1)
      .refine((scope) => Buffer.byteLength(scope) <= longestScope, `must have ${longestScope} bytes at most`),
  )
  .max(mostScopes)
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
const seconds = z.number().nonnegative().finite()

/** Of another API, or fewer than were granted: a second token of the same grant. */
export const resourceScopesSchema = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope as RFC 6749 §3.3 has it'))
  .min(1)
  .max(20)

/** `token.get`: `minValidity` in seconds. */
export const tokenGetSchema = z.strictObject({
  minValidity: seconds.optional(),
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

/**
 * On a write: what the caller has seen, as `version` or `revision` of an answer. 0: there must be none yet; `*`: there must
 * be one.
 */
export const ifVersionSchema = z.union([
  z.int().nonnegative(),
  z.literal('*'),
  z.string().regex(/^\d{1,16}-[\w-]{1,64}$/, 'must be the version or the revision of an answer'),
])
const ifVersion = ifVersionSchema.optional()

export const accountPutSchema = z.strictObject({
  ifVersion,
  app: idSchema,
  user: textSchema(320),
  subject: textSchema(255).optional(),
  accessToken: token.optional(),
  refreshToken: token.optional(),
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

export const secretSchema = z.strictObject({
  id: textSchema(64).optional(),
  secret,
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
  clientSecret: secret.optional(),
  secrets: z.array(secretSchema).min(1).max(mostSecrets).optional(),
  clientAuth: z.enum(['client_secret_basic', 'client_secret_post']).optional(),
  serviceKey: secret.optional(),
  grant: grantSchema.optional(),
  tenant: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,254}$/i, 'must be common, organizations, consumers, a domain or an id')
    .optional(),
  cloud: cloudSchema.optional(),
  issuer: z.url().optional(),
  authorizeUrl: z.url().optional(),
  tokenUrl: z.url().optional(),
  revocationUrl: z.url().optional(),
  scopes: scopesSchema.optional(),
  additionalScopes: scopesSchema.optional(),
  policy: policySchema.optional(),
  rotation: rotationSchema.optional(),
  graceSeconds: seconds.optional(),
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
export type AppPut = z.output<typeof appPutSchema>
export type AppPatch = Partial<AppPut>
export type IfVersion = z.output<typeof ifVersionSchema>
export type AppDelete = z.output<typeof appDeleteSchema>
export type AppSecretAdd = z.output<typeof appSecretAddSchema>
export type AppSecretRemove = z.output<typeof appSecretRemoveSchema>
export type AppVerify = z.output<typeof appVerifySchema>
