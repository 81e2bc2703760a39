/** The longest that `token.reject` takes. */
const longest = 8_192

/**
 * The claims an API asks for in `WWW-Authenticate: Bearer …, claims="…"`, as JSON. Microsoft sends them in base64
 * (continuous access evaluation, error `insufficient_claims`).
 */
export function challengeIn(header: string | null): string | undefined {
  const [, quoted] = /\bclaims="((?:[^"\\]|\\.)*)"/i.exec(header ?? '') ?? []
  if (quoted === undefined) return undefined
  const text = quoted.replace(/\\(.)/g, '$1')
  return [text, Buffer.from(text, 'base64').toString('utf8')].find(
    (claims) => claims.length <= longest && isObject(claims),
  )
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
