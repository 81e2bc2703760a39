import { z } from 'zod'
import { accountStates } from '../../machines/index.ts'
import { hasControl } from '../common/control-characters.ts'
import { nestsDeeper } from '../common/nested.ts'
import { Secret } from '../common/secret.ts'

export const visible = /^[\x20-\x7e]*$/
export const visibleRule = 'must be printable ASCII, without line breaks (RFC 6749 appendix A)'
/** How private keys begin: PEM, or JSON. */
const isKey = (text: string) => /^\s*(?:-----BEGIN |\{)/.test(text)

const secretText = z.string().min(1).max(16_384)
const asSecret = (text: string) => new Secret(text)
/** RFC 6749 appendix A.12 and A.17. */
export const tokenTextSchema = secretText.regex(visible, visibleRule).transform(asSecret)

export const isText = (text: string) => !hasControl(text)
export const textRule = 'must have no control characters'
const isUnicodeText = (text: string) => isText(text) && !/\p{Cs}/u.test(text)
const unicodeRule = 'must be valid Unicode without control characters'
/** Sent as UTF-8 (RFC 6749 appendix B): some providers go beyond the ASCII of appendix A. */
export const clientIdSchema = z.string().min(1).max(512).refine(isUnicodeText, unicodeRule)
/** The same, or a private key, which may have lines. */
export const secretTextSchema = secretText
  .refine((text) => isUnicodeText(text) || isKey(text), unicodeRule)
  .transform(asSecret)
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
export const accountStateSchema = z.enum(accountStates)
/** Bounds their number and size: they are part of every snapshot and event of their account. */
export const mostScopes = 256
export const longestScope = 512
export const scopesSchema = z
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
/** A name, or names with dots between them for what lies deeper. */
export const fieldPathSchema = z
  .string()
  .max(64)
  .regex(/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,7}$/, 'must be names with dots between them')
export const mostExtra = 16
const longestExtra = 1_024
/** What an app keeps of the answers of its provider. In each answer of a token: few and short. */
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
  .refine((fields) => Object.keys(fields).length <= mostExtra, `must have ${mostExtra} fields at most`)
/** What an account fills in where its app's URLs have `{name}`. Which values will do is for the app to say. */
export const urlValuesSchema = z
  .record(z.string().regex(/^[a-zA-Z]\w{0,31}$/, 'must be a word'), z.string().min(1).max(256))
  .refine((values) => Object.keys(values).length <= 10, 'must have 10 entries at most')
export const secondsSchema = z.number().nonnegative().finite()

/** Of another API, or fewer than were granted: a second token of the same grant. */
export const resourceScopesSchema = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope as RFC 6749 §3.3 has it'))
  .min(1)
  .max(20)

/**
 * On a write: what the caller has seen, as `version` or `revision` of an answer. 0: there must be none yet; `*`: there must
 * be one.
 */
export const ifVersionSchema = z.union([
  z.int().nonnegative(),
  z.literal('*'),
  z.string().regex(/^\d{1,16}-[\w-]{1,64}$/, 'must be the version or the revision of an answer'),
])
export type IfVersion = z.output<typeof ifVersionSchema>

/** ISO 8601. */
export const timeSchema = z.iso.datetime()
export const textsSchema = z.array(z.string())
export const countSchema = z.int().nonnegative()
export const generationSchema = z.int().nonnegative()
export const versionSchema = z.int().nonnegative()

/** In an answer about an account or an app. */
export const revised = {
  version: versionSchema.describe('of its last save'),
  revision: z
    .string()
    .describe(
      'the same, never alike in two histories (after a failover); over HTTP the ETag, without its quotes',
    ),
}

/** What is sent, as those who make it and those who read it see it. */
export type Sent<S extends z.ZodType> = ReadonlyDeep<z.output<S>>
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T
