import { readFileSync } from 'node:fs'
import { z } from 'zod'

const texts = z.record(z.string(), z.string())

/** Deviations of real providers from RFC 6749, and the settings for them. */
const needsSchema = z.record(
  z.string(),
  z.strictObject({
    grant: z.enum(['authorization_code', 'client_credentials']),
    needs: z.array(z.string()),
    settings: z
      .strictObject({
        pkce: z.literal(false),
        clientAuth: z.enum(['client_secret_basic', 'client_secret_query']),
        tokenBody: z.enum(['json', 'query']),
        authorizeParams: texts,
        tokenParams: texts,
        refreshParams: texts,
        parameterNames: texts,
        scopeSeparator: z.string(),
        refreshToken: z.enum(['none', 'optional']),
        answer: z.strictObject({ path: z.string().optional(), expiresInUnit: z.literal('ms').optional() }),
        /** Beyond `app.put`: that there is one; that a request without scopes must not name them. */
        refreshUrl: z.literal(true),
        emptyScopeLeftOut: z.literal(true),
      })
      .partial()
      .default({}),
  }),
)

export type ProviderNeeds = z.output<typeof needsSchema>[string]

const file = new URL('../fixtures/provider-needs.json', import.meta.url)

export const providerNeeds = needsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
