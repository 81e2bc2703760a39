import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import type { Behaviour } from './behaviour.ts'
import type { StandInClock } from './clock.ts'
import type { Grant } from './grants.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** An opaque number, the same for all clients. */
export const subjectOf = (user: string) =>
  String(createHash('sha256').update(user).digest().readBigUInt64BE()).padStart(21, '1')

interface IdTokens {
  readonly clock: StandInClock
  readonly issuer: () => string
  /** Claims about the user besides the standard ones (OpenID Connect Core §2). */
  claimsOf(grant: Grant): object
}

/** Who consented, where `openid` was asked for (OpenID Connect Core §3.1.3.3). */
export function idTokens({ issuer, clock, claimsOf }: IdTokens): Behaviour {
  const nonces = new WeakMap<Grant, string | null>()

  function whole(grant: Grant): object {
    const iat = Math.floor(clock.now() / 1_000)
    const nonce = nonces.get(grant) ?? undefined
    const about = { iss: issuer(), aud: grant.client, iat, exp: iat + 3_600, nonce }
    return { ...about, sub: subjectOf(grant.user), ...claimsOf(grant) }
  }

  return {
    consented: ({ grant, query }) => void nonces.set(grant, query.get('nonce')),
    adds: ({ grant, form }) =>
      form.get('grant_type') === 'authorization_code' && grant.scopes.includes('openid')
        ? { id_token: sign(whole(grant)) }
        : {},
  }
}

const userinfo = 'https://www.googleapis.com/auth/userinfo.'

/** As Google names them in its answers. */
export const googleScopes: Behaviour = {
  picks: ({ scopes }) => scopes.map((scope) => (scope === 'email' ? `${userinfo}email` : scope)),
}

function sign(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}
