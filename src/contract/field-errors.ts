import { z } from 'zod'

/** An invalid field and the rule it breaks; `key` is its path, empty for the whole payload. */
export const fieldErrorSchema = z.strictObject({ key: z.string(), message: z.string() })
export type FieldError = z.output<typeof fieldErrorSchema>

/** Short names only: a long unknown one may be a token in the wrong place, and must not be repeated. */
const isFieldName = (key: PropertyKey) => /^(?:\d+|[A-Za-z]\w{0,23})$/.test(String(key))

const maxErrors = 5

/** The fields with the rules they break, never their values. */
export function fieldErrors({ issues }: z.ZodError): FieldError[] {
  return issues.slice(0, maxErrors).map((issue) => {
    const path = issue.path.filter(isFieldName)
    const key = path.length === 0 ? '' : z.core.toDotPath(path)
    if (issue.code !== 'unrecognized_keys') return { key, message: issue.message }
    const named = issue.keys.filter(isFieldName)
    return {
      key,
      message: `must not have ${named.length > 0 ? named.join(', ') : 'unknown fields'}`,
    }
  })
}
