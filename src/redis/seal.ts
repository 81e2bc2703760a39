import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { Secret } from '../common/secret.ts'
import type { SealKey } from './seal-keys.ts'

/** Names the place and the key id; never what was sealed. */
export class SealError extends Error {}

/** In a format, or with a key, that this node does not have: another one may. */
export class UnknownSeal extends SealError {}

/** Where a sealed text belongs. Bound into it: moved elsewhere it does not open. */
export interface Place {
  readonly account: string
  readonly generation: number
  readonly slot: string
}

export interface Sealer {
  /** Ids of the keys that open, the sealing one first. */
  readonly keyIds: readonly string[]
  seal(sealing: Place & { readonly text: string }): string
  /** Sealed with another key than the one that seals now, or in another format. */
  isStale(sealed: string): boolean
  /** With `generation`, only that one opens. Throws `SealError`. */
  open(opening: Omit<Place, 'generation'> & { readonly sealed: string; readonly generation?: number }): Secret
}

/** The generation a text says it was sealed under; true once it has opened. */
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

/** A keyed mark of a refresh token: tells whether it was seen before, and nothing else. */
export function createFingerprint(key: Secret) {
  return ({ account, token }: { account: string; token: Secret }): string =>
    createHmac('sha256', key.reveal())
      .update(JSON.stringify([account, token.reveal()]))
      .digest('base64url')
      .slice(0, 16)
}
