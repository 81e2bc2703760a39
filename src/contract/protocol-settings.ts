import { z } from 'zod'
import { fieldPathSchema, mostExtra, textSchema, visible, visibleRule } from './fields.ts'

const name = z.string().regex(/^[\w.:-]{1,64}$/, 'must be the name of a parameter')
const value = z
  .string()
  .max(2_048)
  .refine((text) => !/\p{Cc}/u.test(text), 'must have no control characters')
const fewEntries = (most: number) => (map: object) => Object.keys(map).length <= most
const mostParams = 32
const paramsSchema = z
  .record(name, value.nullable())
  .refine(fewEntries(mostParams), `must have ${mostParams} entries at most`)
const path = z.string().regex(/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,7}$/, 'must be names with dots between them')

const placeholder = /\{([a-zA-Z]\w{0,31})\}/g
/** A URL as it may look once it is filled in. */
export const sampleOf = (url: string): string => url.replace(placeholder, 'x')
/** `{name}` in a URL stands for what an account says it is. */
export const placeholdersIn = (url: string): string[] =>
  [...url.matchAll(placeholder)].map(([, word]) => word as string)

/** A URL, perhaps with `{name}` in it. */
export const urlTemplateSchema = z
  .string()
  .max(2_048)
  .refine((text) => z.url().safeParse(sampleOf(text)).success, 'Invalid URL')

const longestLife = 315_360_000
const life = z.number().positive().max(longestLife)

/** What a provider wants or says otherwise than RFC 6749 has it. */
export const protocolSettings = {
  pkce: z.boolean().optional(),
  clientAuth: z.enum(['client_secret_basic', 'client_secret_post', 'client_secret_query', 'none']).optional(),
  tokenBody: z.enum(['form', 'json', 'query']).optional(),
  /** Added to the request, or with `null` taken from it. */
  authorizeParams: paramsSchema.optional(),
  tokenParams: paramsSchema.optional(),
  refreshParams: paramsSchema.optional(),
  tokenHeaders: z
    .record(
      z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/i, 'must be the name of a header'),
      z.string().max(2_048).regex(visible, visibleRule),
    )
    .refine(fewEntries(16), 'must have 16 entries at most')
    .optional(),
  /** The provider's name of a parameter, or none where it does not take it. */
  parameterNames: z
    .record(name, name.or(z.literal('')))
    .refine(fewEntries(20), 'must have 20 entries at most')
    .optional(),
  refreshUrl: urlTemplateSchema.optional(),
  scopeSeparator: z
    .string()
    .regex(/^[\x20-\x7e]{1,3}$/, visibleRule)
    .regex(/^\W+$/, 'must have no letters, digits or _')
    .optional(),
  answer: z
    .strictObject({
      /** Where in the answer the tokens are. */
      path: path.optional(),
      names: z.record(name, path).refine(fewEntries(20), 'must have 20 entries at most').optional(),
      expiresInUnit: z.enum(['s', 'ms']).optional(),
    })
    .optional(),
  /** Seconds: where the provider says none, and at most. */
  tokenLife: life.optional(),
  maxTokenLife: life.optional(),
  refreshToken: z.enum(['required', 'optional', 'none']).optional(),
  refreshWith: z.enum(['refresh_token', 'access_token']).optional(),
  keep: z.array(fieldPathSchema).max(mostExtra).optional(),
  urlParams: z
    .record(
      z.string().regex(/^[a-zA-Z]\w{0,31}$/, 'must be a word'),
      z.strictObject({ pattern: textSchema(512).refine(isPattern, 'must be a regular expression') }),
    )
    .refine(fewEntries(10), 'must have 10 entries at most')
    .optional(),
  /** Not always a URL: some providers want the name it is registered under. */
  redirectUri: z.string().min(1).max(2_048).regex(visible, visibleRule).optional(),
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

type Shape = typeof protocolSettings
/** None of them is undefined: what is not said is not there. */
export type ProtocolSettings = {
  readonly [Name in keyof Shape]?: NonNullable<z.output<Shape[Name]>>
}
