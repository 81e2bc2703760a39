import { z } from 'zod'
import { fieldPathSchema, maxExtra, textSchema, visible, visibleRule } from './fields.ts'

const name = z.string().regex(/^[\w.:-]{1,64}$/, 'must be the name of a parameter')
const value = z
  .string()
  .max(2_048)
  .refine((text) => !/\p{Cc}/u.test(text), 'must have no control characters')
const fewEntries = (most: number) => (map: object) => Object.keys(map).length <= most
const maxParams = 32
const paramsSchema = z
  .record(name, value.nullable())
  .refine(fewEntries(maxParams), `must have ${maxParams} entries at most`)
const path = z.string().regex(/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,7}$/, 'must be names with dots between them')

const placeholder = /\{([a-zA-Z]\w{0,31})\}/g
/** A URL template with its placeholders filled in by a sample value. */
export const sampleOf = (url: string): string => url.replace(placeholder, 'x')
/** The names of the `{name}` placeholders in a URL template. */
export const placeholdersIn = (url: string): string[] =>
  [...url.matchAll(placeholder)].map(([, word]) => word as string)

/** A URL that may contain `{name}` placeholders. */
export const urlTemplateSchema = z
  .string()
  .max(2_048)
  .refine((text) => z.url().safeParse(sampleOf(text)).success, 'Invalid URL')

const longestLife = 315_360_000
const life = z.number().positive().max(longestLife)

/** Settings for providers that deviate from RFC 6749. */
export const protocolSettings = {
  pkce: z.boolean().optional().describe('whether the authorization request uses PKCE (RFC 7636)'),
  pkceMethod: z.enum(['S256', 'plain']).optional().describe('how the code challenge is made (RFC 7636 §4.2)'),
  clientAuth: z
    .enum(['client_secret_basic', 'client_secret_post', 'client_secret_query', 'none'])
    .optional()
    .describe('how the app authenticates at the token endpoint'),
  tokenBody: z.enum(['form', 'json', 'query']).optional().describe('how token requests are encoded'),
  tokenMethod: z
    .enum(['POST', 'GET'])
    .optional()
    .describe('the HTTP method of token requests; with GET all parameters are in the query'),
  refreshMethod: z
    .enum(['POST', 'GET'])
    .optional()
    .describe('the HTTP method of refreshes and exchanges, if it differs'),
  authorizeParams: paramsSchema
    .optional()
    .describe('parameters added to the authorization request, or with null removed from it'),
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
    .describe("the provider's names for standard parameters; an empty name omits the parameter"),
  refreshUrl: urlTemplateSchema.optional().describe('where tokens are refreshed, if not at tokenUrl'),
  exchangeUrl: urlTemplateSchema
    .optional()
    .describe('the endpoint that exchanges the first, short-lived token for a long-lived one'),
  exchangeParams: paramsSchema.optional().describe('parameters added to the request to exchangeUrl'),
  scopeSeparator: z
    .string()
    .regex(/^[\x20-\x7e]{1,3}$/, visibleRule)
    .regex(/^\W+$/, 'must have no letters, digits or _')
    .optional()
    .describe('the separator of scopes, if not a space'),
  answer: z
    .strictObject({
      path: path.optional(),
      names: z.record(name, path).refine(fewEntries(20), 'must have 20 entries at most').optional(),
      expiresInUnit: z.enum(['s', 'ms']).optional(),
    })
    .optional()
    .describe('the path and field names of the tokens in a token response'),
  tokenLife: life
    .optional()
    .describe('lifetime of an access token in seconds, if the provider does not report one'),
  maxTokenLife: life
    .optional()
    .describe('upper bound of the lifetime of an access token in seconds, whatever the provider reports'),
  refreshToken: z
    .enum(['required', 'optional', 'none'])
    .optional()
    .describe('whether the provider gives refresh tokens'),
  refreshWith: z
    .enum(['refresh_token', 'access_token'])
    .optional()
    .describe('the token that is exchanged for the next access token'),
  keep: z
    .array(fieldPathSchema)
    .max(maxExtra)
    .optional()
    .describe("fields of the provider's token responses that are answered along with the token"),
  urlParams: z
    .record(
      z
        .string()
        .regex(/^[a-zA-Z]\w{0,31}$/, 'must be up to 32 letters, digits and _, beginning with a letter'),
      z.strictObject({
        pattern: textSchema(512).refine(isPattern, 'must be a regular expression'),
        from: name.optional().describe('the callback parameter that carries the value'),
      }),
    )
    .refine(fewEntries(10), 'must have 10 entries at most')
    .optional()
    .describe(
      'the {name} placeholders of the URLs that accounts fill in, each with the pattern of its values',
    ),
  redirectUri: z
    .string()
    .min(1)
    .max(2_048)
    .regex(visible, visibleRule)
    .optional()
    .describe('sent instead of the callback URL, for providers that expect a registered name'),
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
/** Settings that are not given are absent, never undefined. */
export type ProtocolSettings = {
  readonly [Name in keyof Shape]?: NonNullable<z.output<Shape[Name]>>
}
