import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'

/** Short enough that it is no token that somebody put here by mistake. */
const word = z.string().regex(/^[\w.:/-]{1,64}$/)
const wish = z.object({
  essential: z.boolean().optional(),
  value: word.optional(),
  values: z.array(word).max(20).optional(),
})
const challenge = z.partialRecord(
  z.enum(['access_token', 'id_token', 'userinfo']),
  z.record(word, wish.nullable()),
)

/**
 * What an API or a token endpoint wants proven (OpenID Connect Core §5.5), as JSON or, as in `WWW-Authenticate`, its
 * base64url. Read as JSON text with nothing in it but what belongs there, so that it may be recorded.
 */
export const claimsSchema = z
  .string()
  .max(2_048)
  .transform((text, context) => {
    const read = challenge.safeParse(parseJson(decoded(text)))
    if (read.success) return JSON.stringify(read.data)
    context.addIssue({ code: 'custom', message: 'must be a claims request: JSON, or its base64url' })
    return z.NEVER
  })

/** JSON, or its base64url. */
function decoded(text: string): string {
  return text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64url').toString('utf8')
}
