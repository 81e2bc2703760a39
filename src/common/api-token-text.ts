import { hash, randomBytes } from 'node:crypto'

/** `tb_`, an id that is not secret, and a secret that is not guessed: 256 bits, so a plain hash keeps it. */
const shape = /^tb_([A-Za-z0-9_-]{12})[A-Za-z0-9_-]{20,64}$/

export function newApiToken(): string {
  return `tb_${randomBytes(9).toString('base64url')}${randomBytes(32).toString('base64url')}`
}

/** Undefined for what can be no API token. */
export function apiTokenId(token: string): string | undefined {
  return shape.exec(token)?.[1]
}

/** Where an API token has its id, without a look at the rest. */
export function idPart(token: string): string {
  return token.slice(3, 15)
}

/** SHA-256 of the whole token: what is stored in its place. */
export function apiTokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
