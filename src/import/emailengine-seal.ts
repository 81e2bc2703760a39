import { createDecipheriv, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { LRUCache } from 'lru-cache'
import { Secret } from '../common/secret.ts'

/** The value was encrypted with another secret, or is damaged. */
export class DoesNotOpen extends Error {}

export interface Opener {
  /** Decrypts a value; returns an unencrypted one unchanged. Rejects with `DoesNotOpen`. */
  open(value: string): Promise<Secret>
}

const mark = '$wd01$'
const keyLength = 32
const maxKeys = 4_096
const derive = promisify<string, Buffer, number, Buffer>(scrypt)

export const isSealed = (value: string): boolean => value.startsWith(mark)

/**
 * Decrypts EmailEngine's values: `$wd01$aes-256-gcm$<tag>$<iv>$<salt>$<ciphertext>`, all hex, with a key derived by scrypt
 * with Node's defaults. Deriving a key takes tens of milliseconds on another thread, so keys are cached by salt.
 */
export function createOpener(secret: Secret | undefined): Opener {
  const keys = new LRUCache<string, Promise<Buffer>>({ max: maxKeys })

  function keyFor(salt: string): Promise<Buffer> {
    const known = keys.get(salt)
    if (known !== undefined) return known
    const key = derive(secret?.reveal() ?? '', Buffer.from(salt, 'hex'), keyLength)
    keys.set(salt, key)
    return key
  }

  return {
    async open(value) {
      if (!isSealed(value)) return new Secret(value)
      const [, , cipher, tag = '', iv = '', salt = '', text = ''] = value.split('$')
      if (cipher !== 'aes-256-gcm') throw new DoesNotOpen('encrypted with an unsupported cipher')
      const key = await keyFor(salt)
      try {
        const decipher = createDecipheriv(cipher, key, Buffer.from(iv, 'hex'), { authTagLength: 16 })
        decipher.setAuthTag(Buffer.from(tag, 'hex'))
        const bytes = Buffer.from(text, 'hex')
        return new Secret(decipher.update(bytes, undefined, 'utf8') + decipher.final('utf8'))
      } catch (cause) {
        throw new DoesNotOpen('encrypted with another secret, or damaged', { cause })
      }
    },
  }
}
