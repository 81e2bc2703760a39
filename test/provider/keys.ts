import { generateKeyPairSync } from 'node:crypto'

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  /** Too short for RS256 (RFC 7518 §3.3). */
  weak: generateKeyPairSync('rsa', { modulusLength: 1024 }),
}

export type Kind = keyof typeof pairs

export const publicKeyOf = (kind: Kind) => pairs[kind].publicKey
export const jwkOf = (kind: Kind) => pairs[kind].privateKey.export({ format: 'jwk' })
export const pemOf = (kind: Kind) =>
  pairs[kind].privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** The text of the JSON file Google hands out for a service account's key. */
export function keyFile({
  email = 'robot@project.iam.gserviceaccount.com',
  kind = 'rsa' as Kind,
} = {}): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'project',
    private_key_id: 'key-1',
    private_key: pemOf(kind),
    client_email: email,
    client_id: '100000000000000000001',
    token_uri: 'https://oauth2.googleapis.com/token',
  })
}
