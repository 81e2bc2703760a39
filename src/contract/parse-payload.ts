import type { z } from 'zod'
import { fail, ok, type Result } from './failures.ts'
import { fieldErrors } from './field-errors.ts'

/**
 * Parses a JSON payload. `bad_request` names the field and its rule, never the value. An empty payload counts as `{}` only
 * with `mayBeEmpty`, because any client can make JetStream publish an empty message to a request subject.
 */
export function parsePayload<S extends z.ZodType>(
  schema: S,
  payload: Uint8Array,
  { mayBeEmpty = false }: { mayBeEmpty?: boolean } = {},
): Result<z.output<S>> {
  const read = payload.length > 0 ? parseJson(payload) : mayBeEmpty ? ok<unknown>({}) : missing
  if (!read.ok) return read
  const parsed = schema.safeParse(read.value)
  return parsed.success ? ok(parsed.data) : fail('bad_request', describe(parsed.error))
}

const missing = fail('bad_request', 'payload: must be a JSON object, at least {}')

function parseJson(payload: Uint8Array): Result<unknown> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch {
    return fail('bad_request', 'payload: must be valid UTF-8')
  }
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    // The parser's message would quote the payload, which may hold a refresh token.
    return fail('bad_request', 'payload: must be JSON')
  }
}

function describe(error: z.ZodError): string {
  return fieldErrors(error)
    .map(({ key, message }) => `${key === '' ? 'payload' : key}: ${message}`)
    .join('; ')
}
