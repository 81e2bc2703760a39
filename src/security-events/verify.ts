import { errors, jwtVerify } from 'jose'
import type { EventSource } from '../provider/preset.ts'
import { type EventToken, eventTokenSchema, isSameIssuer } from './event-token.ts'
import { type KeySets, KeysUnavailable } from './key-sets.ts'

/** Why an event is rejected (RFC 8935 §2.4). */
export interface NotTaken {
  readonly err:
    | 'invalid_request'
    | 'invalid_key'
    | 'invalid_issuer'
    | 'invalid_audience'
    | 'authentication_failed'
    | 'access_denied'
  readonly description: string
}

export interface Verify {
  readonly text: string
  readonly source: EventSource
  /** The app's client id. */
  readonly audience: string
  readonly keySets: KeySets
  /** Milliseconds. */
  readonly now: number
}

/** Milliseconds. Transmitters retry for days; an older token is treated as a replay. */
export const longestDelay = 7 * 86_400_000
const skew = 300
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Verifies signature, issuer, audience and age of a security event token (RFC 8417). Rejects with `KeysUnavailable`. */
export async function verifyEventToken(options: Verify): Promise<EventToken | NotTaken> {
  const { text, source, audience, keySets, now } = options
  try {
    const keys = await keySets.keysOf(source)
    const { payload, protectedHeader } = await jwtVerify(text, keys, {
      algorithms,
      audience,
      currentDate: new Date(now),
      clockTolerance: skew,
      maxTokenAge: longestDelay / 1_000,
    })
    // ID tokens have the same keys and audience, so the type must be checked.
    if (!/^(application\/)?secevent\+jwt$/i.test(protectedHeader.typ ?? 'secevent+jwt'))
      return notTaken('invalid_request', 'typ: must be secevent+jwt')
    const issuer: unknown = payload.iss
    if (typeof issuer !== 'string' || !isSameIssuer(issuer, source.issuer))
      return notTaken('invalid_issuer', 'iss: not the issuer that this app accepts events from')
    const token = eventTokenSchema.safeParse(payload)
    if (token.success) return token.data
    const [issue] = token.error.issues
    return notTaken('invalid_request', `${String(issue?.path[0] ?? 'token')}: does not conform to RFC 8417`)
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    return refusalOf(error)
  }
}

function refusalOf(error: unknown): NotTaken {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return notTaken('invalid_key', 'kid: not a key of the issuer')
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return notTaken('authentication_failed', 'the signature does not verify')
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error
    return claim === 'aud'
      ? notTaken('invalid_audience', 'aud: not the client id of this app')
      : notTaken('invalid_request', `${String(claim)}: missing, expired or in the future`)
  }
  if (error instanceof errors.JOSEError) return notTaken('invalid_request', 'not a valid signed JWT')
  throw error
}

function notTaken(err: NotTaken['err'], description: string): NotTaken {
  return { err, description }
}
