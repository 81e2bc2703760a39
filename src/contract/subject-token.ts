import { encodeId } from './encode-id.ts'
import { fail, ok, type Result } from './failures.ts'
import { idSchema } from './fields.ts'

export { encodeId }

const canonical = /^(?:[A-Za-z0-9_@+=:,;()!~-]|%[0-9A-F]{2})+$/
const longestToken = 256 * '%F0%9F%92%A9'.length

/**
 * Decodes a subject token. Only the canonical encoding of an id is accepted, because a NATS permission that denies `alice`
 * does not match `%61lice`.
 */
export function decodeId(token: string): Result<string> {
  if (token.length > longestToken) return fail('bad_request', 'id: must have 1 to 256 code points')
  const id = unescaped(token)
  if (id === undefined) return fail('bad_request', 'id: must be percent-encoded UTF-8')
  const checked = idSchema.safeParse(id)
  if (!checked.success) return fail('bad_request', `id: ${checked.error.issues[0]?.message}`)
  const spelling = encodeId(id)
  if (!canonical.test(token) || spelling !== token)
    return fail('bad_request', `id: not the canonical encoding; use \`${spelling}\``)
  return ok(id)
}

function unescaped(token: string): string | undefined {
  try {
    return decodeURIComponent(token)
  } catch {
    return undefined
  }
}
