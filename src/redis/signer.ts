import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { SealKey } from './seal-keys.ts'

/** Plain stored data and its owner, which the MAC covers too, so that it is not valid for another record. */
export interface Signed {
  readonly kind: string
  readonly id: string
  /** The bytes as they are stored. */
  readonly content: string
}

export interface Signer {
  sign(what: Signed): string
  verify(what: Signed, mac: string): boolean
  /** True if signed with another than the current key, or in another format. */
  isStale(mac: string): boolean
}

const format = '1'

/** HMAC-SHA256 as `<format>.<key id>.<mac>`, with keys of its own, derived from those that seal (HKDF, RFC 5869). */
export function createSigner(keys: readonly [SealKey, ...SealKey[]]): Signer {
  const derived = new Map(
    keys.map(({ id, key }) => {
      const secret = Buffer.from(key.reveal(), 'base64')
      return [id, Buffer.from(hkdfSync('sha256', secret, '', 'tokenbus record mac 1', 32))]
    }),
  )
  const [{ id: signingId }] = keys
  const mac = (key: Buffer, { kind, id, content }: Signed) =>
    createHmac('sha256', key)
      .update(JSON.stringify([kind, id]))
      .update(content)
      .digest()

  return {
    sign: (what) =>
      `${format}.${signingId}.${mac(derived.get(signingId) as Buffer, what).toString('base64url')}`,
    verify(what, text) {
      const [version, keyId = '', given = ''] = text.split('.')
      const key = derived.get(keyId)
      if (version !== format || key === undefined) return false
      const [expected, found] = [mac(key, what), Buffer.from(given, 'base64url')]
      return expected.length === found.length && timingSafeEqual(expected, found)
    },
    isStale: (text) => !text.startsWith(`${format}.${signingId}.`),
  }
}
