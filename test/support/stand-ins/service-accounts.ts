import type { KeyObject } from 'node:crypto'
import OAuth2Server from '@node-oauth/oauth2-server'
import { errors, jwtVerify } from 'jose'
import type { StandInClock } from './clock.ts'
import { type Denial, Denied } from './denial.ts'

export interface ServiceAccounts {
  readonly clock: StandInClock
  /** Public keys by the service account's e-mail. */
  readonly keys: ReadonlyMap<string, KeyObject>
  /** Mailboxes it may act for; none of a domain's until its administrator delegates it. */
  readonly delegatedTo: ReadonlySet<string>
  readonly audience: () => string
  readonly denials: Record<
    'badSignature' | 'badTimes' | 'unknownUser' | 'notDelegated' | 'badRequest',
    Denial
  >
}

export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export const domainOf = (user: string) => user.split('@')[1] ?? ''

const hour = 3_600
const skew = 300

/** Assertions instead of refresh tokens (RFC 7523 §2.1): signed by a service account, for a user of its domain. */
export function jwtBearerGrant(options: ServiceAccounts): typeof OAuth2Server.AbstractGrantType {
  const { clock, keys, delegatedTo, audience, denials } = options
  return class extends OAuth2Server.AbstractGrantType {
    declare readonly model: Pick<OAuth2Server.AuthorizationCodeModel, 'saveToken'>

    async handle(request: OAuth2Server.Request, client: OAuth2Server.Client) {
      const { sub, scope } = await judge(String(request.body.assertion), client.id)
      const ofDomain = [...delegatedTo].some((user) => domainOf(user) === domainOf(sub))
      if (!ofDomain) throw new Denied(denials.notDelegated)
      if (!delegatedTo.has(sub)) throw new Denied(denials.unknownUser)
      const token = { accessToken: '', accessTokenExpiresAt: this.getAccessTokenExpiresAt(), scope }
      return this.model.saveToken({ ...token, client, user: {} }, client, { id: sub })
    }
  }

  async function judge(assertion: string, issuer: string): Promise<{ sub: string; scope: string[] }> {
    const now = Math.floor(clock.now() / 1_000)
    const checks = {
      issuer,
      audience: audience(),
      algorithms: ['RS256'],
      clockTolerance: skew,
      currentDate: new Date(now * 1_000),
    }
    const { payload } = await jwtVerify(assertion, keys.get(issuer) as KeyObject, checks).catch((error) => {
      if (error instanceof errors.JWTExpired) throw new Denied(denials.badTimes)
      if (error instanceof errors.JOSEError) throw new Denied(denials.badSignature)
      throw error
    })
    const { iat = 0, exp = 0, sub = '', scope = '' } = payload
    if (exp - iat > hour || iat > now + skew) throw new Denied(denials.badTimes)
    if (scope === '' || sub === '') throw new Denied(denials.badRequest)
    return { sub, scope: String(scope).split(' ') }
  }
}
