import { UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import type { Endpoints } from '../../src/provider/endpoints.ts'
import type { Http } from '../../src/provider/http.ts'
import { createSignedIn } from '../../src/provider/signed-in.ts'

const issuer = 'https://login.example'
const config: AppConfig = {
  app: 'app',
  provider: 'oidc',
  issuer,
  clientId: 'client',
  grant: 'authorization_code',
  clientAuth: 'client_secret_basic',
  scopes: ['openid'],
  rotation: 'strict',
}

/** Reads the identity with this userinfo response; also returns the requests to the endpoint. */
async function signedIn(claims: object, userinfo: object = {}, settings: Partial<AppConfig> = {}) {
  const asked: string[] = []
  const http: Http = {
    async send({ headers }) {
      asked.push(headers.authorization ?? '')
      return { kind: 'answered', status: 200, headers: {}, body: Buffer.from(JSON.stringify(userinfo)) }
    },
    async close() {},
  }
  const url = new URL(`${issuer}/userinfo`)
  const endpoints: Endpoints = { resolve: async () => ({ ok: true, server: { issuer }, url }) }
  const now = Math.floor(Date.now() / 1_000)
  const whole = { iss: issuer, aud: 'client', sub: 'sub-1', iat: now, exp: now + 60, ...claims }
  // The signature is not looked at: the connection to the token endpoint is trusted.
  const [header, payload] = new UnsecuredJWT(whole).encode().split('.')
  const answer = {
    kind: 'tokens' as const,
    accessToken: new Secret('the-access-token'),
    idToken: new Secret(`${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${payload}.${header}`),
  }
  const told = await createSignedIn({ http, endpoints })({
    config: { ...config, ...settings },
    server: { issuer },
    answer,
  })
  return { asked, who: told.kind === 'tokens' ? told.signedIn : undefined, kind: told.kind }
}

const uuid = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'

describe('the user who signed in', () => {
  it('is read from the ID token, without a request', async () => {
    const { who, asked } = await signedIn({ email: 'a@example.com', email_verified: true })
    expect(who).toMatchObject({ subject: 'sub-1', name: 'a@example.com', addresses: ['a@example.com'] })
    expect(asked).toEqual([])
  })

  it('is read from the userinfo endpoint if the ID token has no address', async () => {
    const { who, asked } = await signedIn({ name: 'Alice' }, { sub: 'sub-1', email: 'a@example.com' })
    expect(who?.name).toBe('a@example.com')
    expect(asked).toEqual(['Bearer the-access-token'])
  })

  it('is not taken from a userinfo response about another subject', async () => {
    const { who } = await signedIn({}, { sub: 'sub-2', email: 'b@example.com' })
    expect(who).toMatchObject({ addresses: [], subject: 'sub-1' })
  })

  it('is no unverified address, and no UUID', async () => {
    const { who } = await signedIn({
      email: 'a@example.com',
      email_verified: false,
      preferred_username: uuid,
    })
    expect(who?.addresses).toEqual([])
    expect(who?.name).toBeUndefined()
  })

  it('is identified at Microsoft by tenant and object id, whichever tenant is the issuer', async () => {
    const microsoft = { tid: uuid, oid: uuid, upn: 'a@example.com' }
    const settings = { issuer: `${issuer}/{tenantid}/v2.0` }
    const { who } = await signedIn({ iss: `${issuer}/${uuid}/v2.0`, ...microsoft }, {}, settings)
    expect(who?.identity).toEqual({
      issuer: `${issuer}/${uuid}/v2.0`,
      tid: uuid,
      oid: uuid,
      signedInAs: 'a@example.com',
    })
  })

  it('is rejected from another issuer than the known one', async () => {
    expect((await signedIn({ iss: 'https://evil.example' })).kind).toBe('refused')
  })

  it('is trusted from the token endpoint if no issuer is known; one that does not match is ignored', async () => {
    const unknown = { issuer: undefined, tokenUrl: `${issuer}/token` } as unknown as Partial<AppConfig>
    expect((await signedIn({ email: 'a@example.com' }, {}, unknown)).who?.name).toBe('a@example.com')
    const other = await signedIn({ email: 'a@example.com', aud: 'another client' }, {}, unknown)
    expect(other).toMatchObject({ kind: 'tokens', who: undefined })
  })
})
