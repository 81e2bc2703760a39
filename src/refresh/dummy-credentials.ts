import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { Secret } from '../common/secret.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { presetOf } from '../provider/presets.ts'
import { readSigningKey } from '../provider/signing-key.ts'

const randomText = (): string => randomBytes(24).toString('base64url')

/** A random refresh token that was never issued. */
export function dummyRefreshToken(): Secret {
  return new Secret(`tokenbus-control-${randomText()}`)
}

/** A random client id that was never registered. */
export function dummyClientId(): string {
  return `tokenbus-control-${randomText()}`
}

/** A random user that does not exist. */
export function dummyUser(): string {
  return `tokenbus-control-${randomText().toLowerCase()}@example.com`
}

/** A random secret; a new key if the app authenticates by a key. */
export async function dummySecret(config: AppConfig, secret: Secret): Promise<Secret> {
  const isKey = readSigningKey({ secret, rsa: presetOf(config).rsa }) !== undefined
  if (!isKey) return new Secret(`tokenbus-control-${randomText()}`)
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}
