import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK } from 'jose'

/** One half of a key pair that things are encrypted to. */
export interface RecipientKey {
  readonly key: KeyObject
  /** JWE `alg` (RFC 7518 §4). */
  readonly algorithm: 'RSA-OAEP-256' | 'ECDH-ES+A256KW'
  /** Of the public half (RFC 7638): the same for both. */
  readonly thumbprint: string
}

/** The text is not a usable key. The message is a whole sentence and does not quote the key. */
export class UnusableKey extends Error {}

const shortestRsa = 2_048
const kinds = 'RSA (2048 bits or more), EC (P-256, P-384, P-521) or X25519, as PEM or JWK'

/** Throws `UnusableKey`, also for a private key: it must not be given to the side that encrypts. */
export async function readPublicKey(text: string): Promise<RecipientKey> {
  const source = sourceOf(text)
  const isPrivate = typeof source === 'string' ? source.includes('PRIVATE KEY') : source.d !== undefined
  if (isPrivate)
    throw new UnusableKey(
      'This is a private key; pass the public key instead, and keep the private key secret.',
    )
  return describe(parsed(() => createPublicKey(asInput(source))))
}

/** Throws `UnusableKey`. */
export async function readPrivateKey(text: string): Promise<RecipientKey> {
  const source = sourceOf(text)
  return describe(parsed(() => createPrivateKey(asInput(source))))
}

function sourceOf(text: string): string | JsonWebKey {
  if (!text.trimStart().startsWith('{')) return text
  try {
    return JSON.parse(text) as JsonWebKey
  } catch {
    throw new UnusableKey(`This is not a key: it must be ${kinds}.`)
  }
}

const asInput = (source: string | JsonWebKey) =>
  typeof source === 'string' ? source : { key: source, format: 'jwk' as const }

function parsed(parse: () => KeyObject): KeyObject {
  try {
    return parse()
  } catch {
    throw new UnusableKey(`This is not a usable key, or the wrong half of a key pair: it must be ${kinds}.`)
  }
}

async function describe(key: KeyObject): Promise<RecipientKey> {
  const half = key.type === 'private' ? createPublicKey(key) : key
  const thumbprint = await calculateJwkThumbprint(await exportJWK(half)).catch(() => undefined)
  const algorithm = algorithmOf(key)
  if (algorithm === undefined || thumbprint === undefined) throw new UnusableKey(`The key must be ${kinds}.`)
  return { key, algorithm, thumbprint }
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): RecipientKey['algorithm'] | undefined {
  if (asymmetricKeyType === 'rsa')
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= shortestRsa ? 'RSA-OAEP-256' : undefined
  return asymmetricKeyType === 'ec' || asymmetricKeyType === 'x25519' ? 'ECDH-ES+A256KW' : undefined
}
