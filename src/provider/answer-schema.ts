import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import { claimsSchema } from '../contract/claims-challenge.ts'

const text = z.string().min(1).optional().catch(undefined)
/** A code word can go into events; anything longer or freer might be a secret echoed back. */
const word = z
  .string()
  .regex(/^[\w.:-]{1,40}$/)
  .optional()
  .catch(undefined)
const tenYears = 315_360_000
const seconds = z.coerce
  .number()
  .positive()
  .transform((each) => Math.min(each, tenYears))
  .optional()
  .catch(undefined)

/** A token endpoint's JSON (RFC 6749 §5.1 and §5.2): what can be read of it; a strange field costs only itself. */
export const answerSchema = z.object({
  access_token: text,
  refresh_token: text,
  id_token: text,
  scope: text,
  expires_in: seconds,
  refresh_token_expires_in: seconds,
  refresh_expires_in: seconds,
  error: word,
  suberror: word,
  error_subtype: word,
  error_codes: z.array(z.number()).max(20).optional().catch(undefined),
  error_code: z.number().optional().catch(undefined),
  claims: claimsSchema.optional().catch(undefined),
})

export type AnswerBody = z.output<typeof answerSchema>

/** Undefined when the text is not a JSON object. */
export function parseAnswerBody(body: string): AnswerBody | undefined {
  return answerSchema.safeParse(parseJson(body)).data
}
