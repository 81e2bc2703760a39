import { z } from 'zod'

/** Short enough that it cannot be a token sent back to us. */
const value = z.string().regex(/^[\w.:-]{1,40}$/)
const wish = z.object({
  essential: z.boolean().optional(),
  value: value.optional(),
  values: z.array(value).max(20).optional(),
})
const challenge = z.partialRecord(
  z.enum(['access_token', 'id_token', 'userinfo']),
  z.record(value, wish.nullable()),
)

/** The `claims` of a refusal (OpenID Connect Core §5.5) as JSON text, with nothing in it but what belongs there. */
export const claimsSchema = z
  .string()
  .max(8_192)
  .transform((text) => JSON.stringify(challenge.parse(JSON.parse(text))))
