import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { Secret } from '../common/secret.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { presetOf } from '../provider/presets.ts'
import { readSigningKey } from '../provider/signing-key.ts'

const randomText = (): string => randomBytes(24).toString('base64url')

/** A refresh token that nobody has ever been given. */
export function madeUpRefreshToken(): Secret {
  return new Secret(`tokenbus-control-${randomText()}`)
}

/** A client that nobody has registered. */
export function madeUpClientId(): string {
  return `tokenbus-control-${randomText()}`
}

/** A user that nobody has ever been. */
export function madeUpUser(): string {
  return `tokenbus-control-${randomText().toLowerCase()}@example.com`
}

/** A secret the app never had: another key, where it proves itself by a key. */
export async function madeUpSecret(config: AppConfig, secret: Secret): Promise<Secret> {
  const isKey = readSigningKey({ secret, rsa: presetOf(config).rsa }) !== undefined
  if (!isKey) return new Secret(`tokenbus-control-${randomText()}`)
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}
