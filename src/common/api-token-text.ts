import { hash, randomBytes } from 'node:crypto'

/** `tb_`, a public id, and a secret of 256 random bits, for which a plain hash is safe to store. */
const shape = /^tb_([A-Za-z0-9_-]{12})[A-Za-z0-9_-]{20,64}$/

export function newApiToken(): string {
  return `tb_${randomBytes(9).toString('base64url')}${randomBytes(32).toString('base64url')}`
}

/** Undefined if the text does not have the form of an API token. */
export function apiTokenId(token: string): string | undefined {
  return shape.exec(token)?.[1]
}

/** The id of an API token of valid form, without checking the form. */
export function idPart(token: string): string {
  return token.slice(3, 15)
}

/** SHA-256 of the whole token, stored instead of it. */
export function apiTokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
