import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SigningKey } from './signing-key.ts'

export interface Assertion {
  readonly signer: SigningKey
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly claims?: Readonly<Record<string, string>>
  /** Seconds. */
  readonly life: number
  /** Milliseconds of the provider's clock. */
  readonly now: number
}

/** Seconds by which assertions are backdated, in case the provider's clock is behind our estimate. */
export const leeway = 10

/** Signs an assertion (RFC 7523 §3). */
export function signAssertion({ signer, claims = {}, life, now, ...who }: Assertion): Promise<string> {
  const { key, alg, kid, thumbprint } = signer
  const issuedAt = Math.floor(now / 1_000) - leeway
  return new SignJWT(claims)
    .setProtectedHeader({
      alg,
      typ: 'JWT',
      ...(kid !== undefined && { kid }),
      ...(thumbprint !== undefined && { 'x5t#S256': thumbprint }),
    })
    .setIssuer(who.issuer)
    .setSubject(who.subject)
    .setAudience(who.audience)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + life)
    .setJti(randomUUID())
    .sign(key)
}
