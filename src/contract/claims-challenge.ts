import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'

/** Too short for a token put here by mistake. */
const word = z.string().regex(/^[\w.:/-]{1,64}$/)
const claim = z.object({
  essential: z.boolean().optional(),
  value: word.optional(),
  values: z.array(word).max(20).optional(),
})
const challenge = z.partialRecord(
  z.enum(['access_token', 'id_token', 'userinfo']),
  z.record(word, claim.nullable()),
)

/**
 * A claims request of an API or token endpoint (OpenID Connect Core §5.5): JSON or, as in `WWW-Authenticate`, JSON in
 * base64url. Parsed to JSON text with the known members only, so that it is safe to store and to publish.
 */
export const claimsSchema = z
  .string()
  .max(2_048)
  .transform((text, context) => {
    const read = challenge.safeParse(parseJson(decoded(text)))
    if (read.success) return JSON.stringify(read.data)
    context.addIssue({ code: 'custom', message: 'must be a claims request: JSON, or JSON in base64url' })
    return z.NEVER
  })

/** The JSON text, decoded from base64url if necessary. */
function decoded(text: string): string {
  return text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64url').toString('utf8')
}
