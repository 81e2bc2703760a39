import type * as oauth from 'oauth4webapi'
import type { Consented } from '../contract/consented.ts'
import { isText } from '../contract/fields.ts'
import type { AppConfig } from './app-config.ts'
import type { Endpoints } from './endpoints.ts'
import type { Http } from './http.ts'
import { spelledOut } from './identity.ts'
import { dialectOf } from './presets.ts'
import type { TokenAnswer, Tokens } from './token-answer.ts'
import { createUserinfo } from './userinfo.ts'
import { type UserClaims, verifyIdToken } from './verify-id-token.ts'

/** The user who signed in, as reported by the provider. */
export interface SignedIn extends Consented {
  readonly subject?: string
  /** The user's name at the provider: an e-mail address if available. */
  readonly name?: string
}

export type SignedInAnswer =
  | (Tokens & { readonly claims?: UserClaims; readonly signedIn?: SignedIn })
  | Exclude<TokenAnswer, { readonly kind: 'tokens' }>

export interface AskSignedIn {
  readonly config: AppConfig
  readonly server: oauth.AuthorizationServer
  readonly answer: Tokens
  readonly nonce?: string
}

type Claims = Readonly<Record<string, unknown>>

const longestName = 320
const longestSubject = 255
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** In order of preference. `upn` and `unique_name` are Microsoft's. */
const named = ['email', 'preferred_username', 'upn', 'unique_name', 'nickname', 'name']

/** Reads the ID token, and requests userinfo if it has no address. */
export function createSignedIn(ways: { http: Http; endpoints: Endpoints }) {
  const userinfo = createUserinfo(ways)
  return async (asked: AskSignedIn): Promise<SignedInAnswer> => {
    const validated = await verifyIdToken(asked)
    if (validated.kind === 'refused' || validated.claims === undefined) return validated
    const { claims } = validated
    const { config, answer } = asked
    const known = namesIn(claims)
    const more = known.some(isAddress)
      ? []
      : namesIn(await userinfo({ config, accessToken: answer.accessToken, sub: claims.sub }))
    return { ...validated, signedIn: signedInAs([...known, ...more], claims, config) }
  }
}

function signedInAs(names: readonly string[], claims: UserClaims, config: AppConfig): SignedIn {
  const addresses = names.filter(isAddress)
  const name = addresses[0] ?? names[0]
  const { sub, iss } = claims
  return {
    ...(sub.length <= longestSubject && { subject: sub }),
    ...(name !== undefined && { name }),
    addresses,
    identity: {
      issuer: iss.length <= longestName ? spelledOut(iss) : null,
      ...microsoftIds(claims, config),
      signedInAs: addresses[0] ?? null,
    },
  }
}

function microsoftIds({ tid, oid, iss }: UserClaims, config: AppConfig) {
  const none = { tid: null, oid: null }
  if (typeof tid !== 'string' || typeof oid !== 'string' || !uuid.test(tid) || !uuid.test(oid)) return none
  return dialectOf(config) === 'outlook' || iss.includes(tid) ? { tid, oid } : none
}

/** An unverified address is ignored. */
function namesIn(claims: Claims): string[] {
  const isVerified = String(claims.email_verified) !== 'false'
  return named
    .filter((claim) => isVerified || claim !== 'email')
    .map((claim) => claims[claim])
    .filter(isName)
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= longestName &&
    isText(value) &&
    !uuid.test(value)
  )
}

const isAddress = (name: string) => /^[^\s@]+@[^\s@]+$/.test(name)
