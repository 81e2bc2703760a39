import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'

const text = z.string().min(1).optional().catch(undefined)
const number = z.coerce.number().finite().optional().catch(undefined)
const numberOrText = z
  .union([z.number(), z.string().max(64)])
  .optional()
  .catch(undefined)

/** A token response (RFC 6749 §5.1). Lenient: an invalid field is dropped without losing the others. */
export const tokensSchema = z.object({
  access_token: text,
  refresh_token: text,
  id_token: text,
  scope: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
  expires_in: number,
  /** Seconds, also if the provider's `expires_in` has another unit. */
  expires_in_sec: number,
  expires_at: numberOrText,
  expires_on: numberOrText,
  refresh_token_expires_in: number,
  refresh_expires_in: number,
  x_refresh_token_expires_in: number,
  refresh_token_expires_at: numberOrText,
})

export type TokensBody = z.output<typeof tokensSchema>
export type AnswerObject = Readonly<Record<string, unknown>>

/** Undefined if the text is neither a JSON object nor a form, which some providers use. */
export function parseAnswer(body: string): AnswerObject | undefined {
  const parsed = parseJson(body)
  if (isObject(parsed)) return parsed
  return likeForm.test(body) ? Object.fromEntries(new URLSearchParams(body)) : undefined
}

const likeForm =
  /^(?:[\w.-]{1,64}=[^&\s<>"]*&)*(?:access_token|error)=[^&\s<>"]+(?:&[\w.-]{1,64}=[^&\s<>"]*)*$/

export function isObject(value: unknown): value is AnswerObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
