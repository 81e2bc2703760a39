/** The claims an API asks for in `WWW-Authenticate: Bearer …, claims="…"`: JSON, or base64url as Microsoft sends it. */
export function challengeIn(header: string | null): string | undefined {
  const [, quoted] = /\bclaims="((?:[^"\\]|\\.)*)"/i.exec(header ?? '') ?? []
  return quoted?.replace(/\\(.)/g, '$1')
}
