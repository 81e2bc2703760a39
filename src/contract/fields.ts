import { z } from 'zod'
import { accountStates } from '../../machines/index.ts'
import { hasControl } from '../common/control-characters.ts'
import { nestsDeeper } from '../common/nested.ts'
import { Secret } from '../common/secret.ts'

export const visible = /^[\x20-\x7e]*$/
export const visibleRule = 'must be printable ASCII, without line breaks (RFC 6749 appendix A)'
/** True for a private key as PEM or JSON. */
const isKey = (text: string) => /^\s*(?:-----BEGIN |\{)/.test(text)

const secretText = z.string().min(1).max(16_384)
const asSecret = (text: string) => new Secret(text)
/** RFC 6749 appendix A.12 and A.17. */
export const tokenTextSchema = secretText.regex(visible, visibleRule).transform(asSecret)

export const isText = (text: string) => !hasControl(text)
export const textRule = 'must have no control characters'
const isUnicodeText = (text: string) => isText(text) && !/\p{Cs}/u.test(text)
const unicodeRule = 'must be valid Unicode without control characters'
/** Unicode, since some providers go beyond the ASCII of RFC 6749 appendix A; sent as UTF-8 (appendix B). */
export const clientIdSchema = z.string().min(1).max(512).refine(isUnicodeText, unicodeRule)
/** A client secret, or a private key, which may have line breaks. */
export const secretTextSchema = secretText
  .refine((text) => isUnicodeText(text) || isKey(text), unicodeRule)
  .transform(asSecret)
/** Text that is displayed on terminals, in logs and on pages. */
export const textSchema = (longest: number) => z.string().min(1).max(longest).refine(isText, textRule)

/**
 * 1 to 256 code points of valid Unicode (no lone surrogates). Accepts control characters, because existing ids may have
 * them and can still be read, served and deleted.
 */
export const idSchema = z
  .string()
  .refine((id) => !/\p{Cs}/u.test(id), 'must be valid Unicode')
  .refine((id) => [...id].length >= 1 && [...id].length <= 256, 'must have 1 to 256 code points')
/** For ids in requests that create or change: without control characters. */
export const newIdSchema = idSchema.refine(isText, textRule)

export const policySchema = z.enum(['eager', 'lazy', 'adaptive'])
export const accountStateSchema = z.enum(accountStates)
/** Bounded in number and size, because scopes are part of every snapshot and event of the account. */
export const maxScopes = 256
export const longestScope = 512
const scopeSchema = z
  .string()
  .min(1)
  .refine((scope) => Buffer.byteLength(scope) <= longestScope, `must have ${longestScope} bytes at most`)
/** Scopes that were granted, in whatever text a provider reports. */
export const scopesSchema = z.array(scopeSchema).max(maxScopes)
export const requestedScopesSchema = z.array(scopeSchema.refine(isUnicodeText, unicodeRule)).max(maxScopes)
/** Bytes of JSON; bounded because metadata is loaded whenever the account is. */
const longestMetadata = 65_536
const deepestMetadata = 32
/** Any JSON object. Depth is checked iteratively: a recursive schema could overflow the stack. */
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
/** The path of a field: names separated by dots. */
export const fieldPathSchema = z
  .string()
  .max(64)
  .regex(/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,7}$/, 'must be names with dots between them')
export const maxExtra = 16
const longestExtra = 1_024
/** Fields of the provider's token responses that the app keeps. Part of every token reply, so few and short. */
export const extraSchema = z
  .record(
    fieldPathSchema,
    z.union([
      z
        .string()
        .min(1)
        .refine((text) => Buffer.byteLength(text) <= longestExtra, `must have ${longestExtra} bytes at most`),
      z.number(),
      z.boolean(),
    ]),
  )
  .refine((fields) => Object.keys(fields).length <= maxExtra, `must have ${maxExtra} fields at most`)
/** Values for the `{name}` placeholders in the app's URLs; the app's `urlParams` restricts them. */
export const urlValuesSchema = z
  .record(
    z.string().regex(/^[a-zA-Z]\w{0,31}$/, 'must be up to 32 letters, digits and _, beginning with a letter'),
    z.string().min(1).max(256),
  )
  .refine((values) => Object.keys(values).length <= 10, 'must have 10 entries at most')
export const secondsSchema = z.number().nonnegative().finite()

/** Scopes of a second token of the same grant: for another API, or fewer than were granted. */
export const resourceScopesSchema = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope (RFC 6749 §3.3)'))
  .min(1)
  .max(20)

/**
 * Precondition of a write: the `version` or `revision` the caller last read. 0: it must not exist yet; `*`: it must exist.
 */
export const ifVersionSchema = z.union([
  z.int().nonnegative(),
  z.literal('*'),
  z.string().regex(/^\d{1,16}-[\w-]{1,64}$/, 'must be the version or revision of an earlier reply, 0 or *'),
])
export type IfVersion = z.output<typeof ifVersionSchema>

/** ISO 8601. */
export const timeSchema = z.iso.datetime()
export const textsSchema = z.array(z.string())
export const countSchema = z.int().nonnegative()
export const generationSchema = z.int().nonnegative()
export const versionSchema = z.int().nonnegative()

/** The revision fields in replies about accounts and apps. */
export const revised = {
  version: versionSchema.describe('the version of its last save'),
  revision: z
    .string()
    .describe('as version, but unique even if a failover lost a save; over HTTP the ETag without its quotes'),
}

/** The read-only type of a schema's input. */
export type Sent<S extends z.ZodType> = ReadonlyDeep<z.output<S>>
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T
