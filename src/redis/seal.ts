import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { Secret } from '../common/secret.ts'
import type { SealKey } from './seal-keys.ts'

/** The message names the place and the key id, never the content. */
export class SealError extends Error {}

/** Encrypted in a format or with a key that only other nodes may have. */
export class UnknownSeal extends SealError {}

/** The place of a ciphertext, authenticated as additional data, so that it cannot be moved elsewhere. */
export interface Place {
  readonly account: string
  readonly generation: number
  readonly slot: string
}

export interface Sealer {
  /** The ids of all keys, the encrypting one first. */
  readonly keyIds: readonly string[]
  seal(sealing: Place & { readonly text: string }): string
  /** True if encrypted with another than the current key, or in another format. */
  isStale(sealed: string): boolean
  /** With `generation`, only a text of that one is decrypted. Throws `SealError`. */
  open(opening: Omit<Place, 'generation'> & { readonly sealed: string; readonly generation?: number }): Secret
}

/** The generation in the text, unauthenticated until it is decrypted. */
export const generationOf = (sealed: string): number => Number(sealed.split('.', 3)[2])

const format = '1'
const tagLength = 16

/** AES-256-GCM as `<format>.<key id>.<generation>.<iv>.<ciphertext and tag>`, the place as additional data. */
export function createSealer(keys: readonly [SealKey, ...SealKey[]]): Sealer {
  const raw = new Map(keys.map(({ id, key }) => [id, Buffer.from(key.reveal(), 'base64')]))
  const [{ id: sealingId }] = keys
  const sealingKey = raw.get(sealingId) as Buffer

  return {
    keyIds: keys.map(({ id }) => id),
    seal({ text, ...place }) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealingKey, iv).setAAD(additionalData(place))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return [
        format,
        sealingId,
        place.generation,
        iv.toString('base64url'),
        sealed.toString('base64url'),
      ].join('.')
    },
    isStale: (sealed) => !sealed.startsWith(`${format}.${sealingId}.`),
    open({ sealed, account, slot, generation }) {
      const [version, keyId = '', sealedAt, iv = '', body = ''] = sealed.split('.')
      const what = `what is sealed for ${account} (${slot}, key ${keyId})`
      const complain = (why: string, cause?: unknown) => new SealError(`${what} ${why}`, { cause })
      const key = raw.get(keyId)
      if (version !== format) throw new UnknownSeal(`${what} has an unknown format`)
      if (key === undefined) throw new UnknownSeal(`${what} needs a key that was not given`)
      if (generation !== undefined && String(generation) !== sealedAt)
        throw complain('is of another generation')
      try {
        const bytes = Buffer.from(body, 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), {
          authTagLength: tagLength,
        })
          .setAAD(additionalData({ account, generation: Number(sealedAt), slot }))
          .setAuthTag(bytes.subarray(-tagLength))
        return new Secret(
          decipher.update(bytes.subarray(0, -tagLength), undefined, 'utf8') + decipher.final('utf8'),
        )
      } catch (cause) {
        throw complain('does not open', cause)
      }
    },
  }
}

function additionalData({ account, generation, slot }: Place): Buffer {
  return Buffer.from(JSON.stringify([account, generation, slot]))
}

/** A keyed fingerprint of a refresh token, which shows only whether it was seen before. */
export function createFingerprint(key: Secret) {
  return ({ account, token }: { account: string; token: Secret }): string =>
    createHmac('sha256', key.reveal())
      .update(JSON.stringify([account, token.reveal()]))
      .digest('base64url')
      .slice(0, 16)
}
