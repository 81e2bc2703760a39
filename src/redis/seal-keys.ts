import { readFileSync } from 'node:fs'
import { Secret } from '../common/secret.ts'
import { StartError } from '../common/start-error.ts'

export interface SealKey {
  readonly id: string
  /** 32 bytes, base64. */
  readonly key: Secret
}

/** `id:base64(32 bytes)[,…]`, or `file:<path>` with that content. The first key encrypts, all decrypt. Throws `StartError`. */
export function parseKeys(text: string): readonly [SealKey, ...SealKey[]] {
  const keys = readKeys(text)
    .trim()
    .split(/[,\n]/)
    .map((each) => parseKey(each.trim()))
  if (new Set(keys.map(({ id }) => id)).size < keys.length)
    throw new StartError('TOKENBUS_KEYS names a key id twice.')
  return keys as unknown as readonly [SealKey, ...SealKey[]]
}

function readKeys(text: string): string {
  if (!text.startsWith('file:')) return text
  const path = text.slice('file:'.length)
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StartError(`TOKENBUS_KEYS names the file ${path}, which cannot be read.`, { cause })
  }
}

function parseKey(text: string): SealKey {
  const colon = text.indexOf(':')
  const id = text.slice(0, Math.max(colon, 0))
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
    throw new StartError('TOKENBUS_KEYS must be id:base64, the id of 1 to 32 letters, digits, _ or -.')
  }
  const encoded = text.slice(colon + 1)
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length !== 32 || bytes.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) {
    throw new StartError(`The key ${id} in TOKENBUS_KEYS must be the base64 of exactly 32 bytes.`)
  }
  return { id, key: new Secret(encoded) }
}
