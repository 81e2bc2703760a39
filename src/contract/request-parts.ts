import { z } from 'zod'
import { hasControl } from '../common/control-characters.ts'
import { Secret } from '../common/secret.ts'

export const visible = /^[\x20-\x7e]*$/
export const visibleRule = 'must be printable ASCII, without line breaks (RFC 6749 appendix A)'
/** How private keys begin: PEM, or JSON. */
const isKey = (text: string) => /^\s*(?:-----BEGIN |\{)/.test(text)

const secretText = z.string().min(1).max(16_384)
const asSecret = (text: string) => new Secret(text)
/** RFC 6749 appendix A.12 and A.17. */
export const tokenSchema = secretText.regex(visible, visibleRule).transform(asSecret)
/** RFC 6749 appendix A.2, or a private key, which may have lines. */
export const secretTextSchema = secretText
  .refine((text) => visible.test(text) || isKey(text), visibleRule)
  .transform(asSecret)

export const isText = (text: string) => !hasControl(text)
export const textRule = 'must have no control characters'
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
export const scopesSchema = z
  .array(
    z
      .string()
      .min(1)
      .refine((scope) => Buffer.byteLength(scope) <= longestScope, `must have ${longestScope} bytes at most`),
  )
  .max(mostScopes)
export const secondsSchema = z.number().nonnegative().finite()

/**
 * On a write: what the caller has seen, as `version` or `revision` of an answer. 0: there must be none yet; `*`: there must
 * be one.
 */
export const ifVersionSchema = z.union([
  z.int().nonnegative(),
  z.literal('*'),
  z.string().regex(/^\d{1,16}-[\w-]{1,64}$/, 'must be the version or the revision of an answer'),
])
export const ifVersion = ifVersionSchema.optional()
