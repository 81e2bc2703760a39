import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import type { Secret } from '../common/secret.ts'
import type { Preset } from './preset.ts'

/** A private key and its JWS header parameters (RFC 7515 §4.1). */
export interface SigningKey {
  readonly key: KeyObject
  readonly alg: string
  readonly kid?: string
  /** SHA-256 of the certificate, base64url: the header `x5t#S256`. */
  readonly thumbprint?: string
  /** The service account of the key, if the key file has it. */
  readonly email?: string
}

export interface ReadSigningKey {
  readonly secret: Secret
  /** The algorithm of an RSA key that does not name one. */
  readonly rsa: Preset['rsa']
}

const keyFileSchema = z.object({
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string().optional(),
})
const jwkSchema = z.looseObject({
  kty: z.string(),
  alg: z.string().optional(),
  kid: z.string().optional(),
  'x5t#S256': z.string().optional(),
})

/**
 * Reads a private key as PEM (optionally with its certificate, for providers that identify keys by it), as JWK, or as
 * the JSON key file of a Google service account. Undefined for other texts; throws for an unusable key.
 */
export function readSigningKey({ secret, rsa }: ReadSigningKey): SigningKey | undefined {
  const text = secret.reveal().trim()
  if (text.startsWith('-----BEGIN ')) return fromPem(text, rsa)
  // An ordinary secret, without the cost of an exception for each request.
  if (!text.startsWith('{')) return undefined
  const json = parseJson(text)
  if (typeof json !== 'object' || json === null) return undefined
  if ('private_key' in json) {
    const { private_key, private_key_id: kid, client_email: email } = keyFileSchema.parse(json)
    return { ...fromPem(private_key, rsa), ...(kid !== undefined && { kid }), email }
  }
  return 'kty' in json ? fromJwk(json, rsa) : undefined
}

/** Signs once, which throws for a key that is too weak or does not match its algorithm. */
export async function checkSigningKey({ key, alg }: SigningKey): Promise<void> {
  await new SignJWT().setProtectedHeader({ alg }).sign(key)
}

function fromPem(pem: string, rsa: Preset['rsa']): SigningKey {
  const key = createPrivateKey(pem)
  const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)
  return {
    key,
    alg: algorithmOf(key, rsa),
    ...(certificate && { thumbprint: thumbprintOf(new X509Certificate(certificate[0]), key) }),
  }
}

function thumbprintOf(certificate: X509Certificate, key: KeyObject): string {
  if (!certificate.checkPrivateKey(key)) throw new Error('the certificate is of another key')
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
}

function fromJwk(json: object, rsa: Preset['rsa']): SigningKey {
  const { alg, kid, 'x5t#S256': thumbprint, ...jwk } = jwkSchema.parse(json)
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return {
    key,
    alg: alg ?? algorithmOf(key, rsa),
    ...(kid !== undefined && { kid }),
    ...(thumbprint !== undefined && { thumbprint }),
  }
}

const ofCurve: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** RFC 7518 §3.1. */
function algorithmOf(key: KeyObject, rsa: Preset['rsa']): string {
  if (key.asymmetricKeyType === 'rsa') return rsa
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  return ofCurve[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'none'
}
