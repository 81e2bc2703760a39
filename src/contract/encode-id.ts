/**
 * An account or app id as one token of a NATS subject: its UTF-8 bytes, percent-encoded outside
 * `[A-Za-z0-9_@+=:,;()!~-]` with upper-case hex. Throws `URIError` on a lone surrogate.
 */
export function encodeId(id: string): string {
  return encodeURIComponent(id)
    .replace(/[.*']/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(?:40|2B|3D|3A|2C|3B)/g, decodeURIComponent)
}
