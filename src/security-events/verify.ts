import { errors, jwtVerify } from 'jose'
import type { EventSource } from '../provider/preset.ts'
import { type EventToken, eventTokenSchema, isSameIssuer } from './event-token.ts'
import { type KeySets, KeysUnavailable } from './key-sets.ts'

/** RFC 8935 §2.4: why an event is not taken. */
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

/** Transmitters repeat what was not acknowledged, for days; older than this is only a replay. */
export const longestDelay = 7 * 86_400_000
const skew = 300
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** A security event token of this source, for this audience, signed and fresh (RFC 8417). Rejects with `KeysUnavailable`. */
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
    // An ID token is signed by the same keys for the same audience.
    if (!/^(application\/)?secevent\+jwt$/i.test(protectedHeader.typ ?? 'secevent+jwt'))
      return notTaken('invalid_request', 'typ: must be secevent+jwt')
    const issuer: unknown = payload.iss
    if (typeof issuer !== 'string' || !isSameIssuer(issuer, source.issuer))
      return notTaken('invalid_issuer', 'iss: not the issuer this app takes events from')
    const token = eventTokenSchema.safeParse(payload)
    if (token.success) return token.data
    const [issue] = token.error.issues
    return notTaken('invalid_request', `${String(issue?.path[0] ?? 'token')}: not as RFC 8417 has it`)
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
      : notTaken('invalid_request', `${String(claim)}: missing, or out of its time`)
  }
  if (error instanceof errors.JOSEError)
    return notTaken('invalid_request', 'not a signed token that can be read')
  throw error
}

function notTaken(err: NotTaken['err'], description: string): NotTaken {
  return { err, description }
}
