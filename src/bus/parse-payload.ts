import { z } from 'zod'
import { fail, ok, type Result } from '../failures.ts'

/** Reads a JSON payload; an empty one means `{}`. `bad_request` names the field and its rule, never the value. */
export function parsePayload<S extends z.ZodType>(schema: S, payload: Uint8Array): Result<z.output<S>> {
  const read = payload.length === 0 ? ok<unknown>({}) : parseJson(payload)
  if (!read.ok) return read
  const parsed = schema.safeParse(read.value)
  return parsed.success ? ok(parsed.data) : fail('bad_request', describe(parsed.error))
}

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
    // The parser's own message quotes the payload, which may hold a refresh token.
    return fail('bad_request', 'payload: must be JSON')
  }
}

/** Names fields, but none that a caller made up at length: it may be a token in the wrong place. */
const isFieldName = (key: PropertyKey) => /^(?:\d+|[A-Za-z]\w{0,23})$/.test(String(key))

function describe({ issues }: z.ZodError): string {
  return issues
    .slice(0, 5)
    .map((issue) => {
      const path = issue.path.filter(isFieldName)
      const field = path.length === 0 ? 'payload' : z.core.toDotPath(path)
      if (issue.code !== 'unrecognized_keys') return `${field}: ${issue.message}`
      const named = issue.keys.filter(isFieldName)
      return `${field}: must not have ${named.length > 0 ? named.join(', ') : 'fields of unknown names'}`
    })
    .join('; ')
}
