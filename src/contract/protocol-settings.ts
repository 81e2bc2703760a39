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
  pkce: z.boolean().optional().describe('whether consent is protected by PKCE (RFC 7636)'),
  pkceMethod: z.enum(['S256', 'plain']).optional().describe('how the code challenge is made (RFC 7636 §4.2)'),
  clientAuth: z
    .enum(['client_secret_basic', 'client_secret_post', 'client_secret_query', 'none'])
    .optional()
    .describe('how the app proves who it is at the token endpoint'),
  tokenBody: z.enum(['form', 'json', 'query']).optional().describe('how token requests are encoded'),
  tokenMethod: z
    .enum(['POST', 'GET'])
    .optional()
    .describe('of token requests; with GET all parameters are in the query'),
  refreshMethod: z.enum(['POST', 'GET']).optional().describe('of refreshes and exchanges, if it is another'),
  authorizeParams: paramsSchema
    .optional()
    .describe('parameters added to the consent page, or with null taken from it'),
  tokenParams: paramsSchema.optional().describe('parameters added to every token request'),
  refreshParams: paramsSchema.optional().describe('parameters added to refresh requests'),
  tokenHeaders: z
    .record(
      z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/i, 'must be the name of a header'),
      z.string().max(2_048).regex(visible, visibleRule),
    )
    .refine(fewEntries(16), 'must have 16 entries at most')
    .optional()
    .describe('headers of token requests'),
  parameterNames: z
    .record(name, name.or(z.literal('')))
    .refine(fewEntries(20), 'must have 20 entries at most')
    .optional()
    .describe("the provider's names of standard parameters; an empty one leaves the parameter out"),
  refreshUrl: urlTemplateSchema.optional().describe('where tokens are refreshed, if not at tokenUrl'),
  exchangeUrl: urlTemplateSchema
    .optional()
    .describe('where the token that a code brings is exchanged for one that lives longer'),
  exchangeParams: paramsSchema.optional().describe('parameters added to that exchange'),
  scopeSeparator: z
    .string()
    .regex(/^[\x20-\x7e]{1,3}$/, visibleRule)
    .regex(/^\W+$/, 'must have no letters, digits or _')
    .optional()
    .describe('what stands between scopes, if not a space'),
  answer: z
    .strictObject({
      path: path.optional(),
      names: z.record(name, path).refine(fewEntries(20), 'must have 20 entries at most').optional(),
      expiresInUnit: z.enum(['s', 'ms']).optional(),
    })
    .optional()
    .describe('where in an answer the tokens are, and by which names'),
  tokenLife: life.optional().describe('seconds an access token lives where the provider does not say'),
  maxTokenLife: life.optional().describe('seconds an access token lives at most, whatever the provider says'),
  refreshToken: z
    .enum(['required', 'optional', 'none'])
    .optional()
    .describe('whether the provider gives refresh tokens'),
  refreshWith: z
    .enum(['refresh_token', 'access_token'])
    .optional()
    .describe('what is exchanged for the next access token'),
  keep: z
    .array(fieldPathSchema)
    .max(mostExtra)
    .optional()
    .describe("fields of the provider's answers that are handed out beside the token"),
  urlParams: z
    .record(
      z.string().regex(/^[a-zA-Z]\w{0,31}$/, 'must be a word'),
      z.strictObject({
        pattern: textSchema(512).refine(isPattern, 'must be a regular expression'),
        from: name.optional().describe('the parameter of the callback that says it'),
      }),
    )
    .refine(fewEntries(10), 'must have 10 entries at most')
    .optional()
    .describe('what accounts fill in where URLs have {name}, each with the pattern of its values'),
  redirectUri: z
    .string()
    .min(1)
    .max(2_048)
    .regex(visible, visibleRule)
    .optional()
    .describe('sent in place of the callback URL; some providers want the name it is registered under'),
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
