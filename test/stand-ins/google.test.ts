import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type GoogleStandIn, startGoogle } from '../support/stand-ins/google.ts'
import { jwtBearer } from '../support/stand-ins/service-accounts.ts'
import { ask, consent, refresh } from './ask.ts'

const scope = 'https://mail.google.com/'
const offline = { scope, access_type: 'offline', prompt: 'consent' }
const revoked = {
  status: 400,
  body: { error: 'invalid_grant', error_description: expect.stringMatching(/expired or revoked/) },
}

describe('consent at Google', () => {
  it('returns a refresh token only for offline access, and again only with prompt=consent', async () => {
    await using google = await startGoogle()
    const offers = async (query: object) =>
      (await consent(google, { scope, ...query })).body.refresh_token !== undefined
    expect(await offers({})).toBe(false)
    expect(await offers({ access_type: 'offline' })).toBe(false)
    expect(await offers({ access_type: 'offline', login_hint: 'bob' })).toBe(true)
    expect(await offers(offline)).toBe(true)
  })

  it('checks PKCE and the redirect URI', async () => {
    await using google = await startGoogle()
    const challenge = { ...offline, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }
    expect(await consent(google, challenge, { code_verifier: 'y'.repeat(43) })).toMatchObject({ status: 400 })
    expect(await consent(google, offline, { redirect_uri: 'http://127.0.0.1/else' })).toMatchObject({
      status: 400,
    })
  })

  it('silently revokes the oldest of more than a hundred grants', async () => {
    await using google = await startGoogle()
    const [first, second] = [await consent(google, offline), await consent(google, offline)]
    await google.userConsentsElsewhere('alice', 99)
    expect(await refresh(google, first.body.refresh_token)).toMatchObject(revoked)
    expect(await refresh(google, second.body.refresh_token)).toMatchObject({ status: 200 })
  })
})

describe('a refresh token of Google', () => {
  it('never rotates', async () => {
    await using google = await startGoogle()
    const { body } = await consent(google, offline)
    for (let each = 0; each < 2; each++) {
      const again = await refresh(google, body.refresh_token)
      expect(again).toMatchObject({
        status: 200,
        body: { access_token: expect.any(String), expires_in: expect.any(Number), scope },
      })
      expect(again.body.refresh_token).toBeUndefined()
    }
    expect(await refresh(google, body.refresh_token, { client_secret: 'wrong' })).toMatchObject({
      status: 401,
    })
  })

  it('can be revoked, once', async () => {
    await using google = await startGoogle()
    const { body } = await consent(google, offline)
    const revoke = () => ask({ tokenUrl: google.revocationUrl }, { token: body.refresh_token })
    expect(await revoke()).toMatchObject({ status: 200 })
    expect(await refresh(google, body.refresh_token)).toMatchObject(revoked)
    expect(await revoke()).toMatchObject({ status: 400 })
  })

  it('returns the remaining lifetime of a time-limited consent', async () => {
    await using google = await startGoogle()
    const { body } = await consent(google, offline)
    google.consentEnds('alice', { days: 7 })
    google.clock.advance({ days: 6 })
    const last = await refresh(google, body.refresh_token)
    expect(last.body.refresh_token_expires_in / 86_400).toBeCloseTo(1)
    google.clock.advance({ days: 2 })
    expect(await refresh(google, body.refresh_token)).toMatchObject(revoked)
  })

  it('survives a password change only without a Gmail scope', async () => {
    await using google = await startGoogle()
    const mail = await consent(google, offline)
    const calendar = await consent(google, { ...offline, scope: 'https://www.googleapis.com/auth/calendar' })
    google.userChangesPassword('alice')
    expect(await refresh(google, mail.body.refresh_token)).toMatchObject(revoked)
    expect(await refresh(google, calendar.body.refresh_token)).toMatchObject({ status: 200 })
  })
})

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const [right, other] = [rsa(), rsa()]
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })

interface Assertion {
  readonly key?: KeyObject
  readonly alg?: string
  readonly claims?: object
  /** Seconds from now. */
  readonly from?: number
  readonly to?: number
}

function assertTo(
  google: GoogleStandIn,
  { key = right.privateKey, alg = 'RS256', claims, from = 0, to = 3_600 }: Assertion,
) {
  const now = Math.floor(Date.now() / 1_000)
  const usual = {
    iss: google.serviceAccount,
    sub: 'alice',
    aud: google.tokenUrl,
    scope,
    iat: now + from,
    exp: now + to,
  }
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg }).sign(key)
}

describe("a service account's assertion", () => {
  async function answerTo(assertion: Assertion) {
    await using google = await startGoogle({ serviceKey: right.publicKey })
    google.adminDelegates('alice')
    return await ask(google, { grant_type: jwtBearer, assertion: await assertTo(google, assertion) })
  }

  it('is exchanged for an access token, without a refresh token', async () => {
    const { status, body } = await answerTo({})
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope,
    })
  })

  it.each<Assertion & { is: string; error: string }>([
    { is: 'signed by another key', key: other.privateKey, error: 'invalid_grant' },
    { is: 'signed another way', key: elliptic.privateKey, alg: 'ES256', error: 'invalid_grant' },
    { is: 'meant for somebody else', claims: { aud: 'https://example.com/token' }, error: 'invalid_grant' },
    { is: 'valid for two hours', to: 7_200, error: 'invalid_grant' },
    { is: 'from the future', from: 600, to: 4_000, error: 'invalid_grant' },
    { is: 'out of date', from: -4_200, to: -600, error: 'invalid_grant' },
    { is: 'for an unknown user', claims: { sub: 'mallory' }, error: 'invalid_grant' },
    { is: 'for a domain that has not', claims: { sub: 'mallory@example.com' }, error: 'unauthorized_client' },
    { is: 'for nothing', claims: { scope: '' }, error: 'invalid_request' },
    { is: 'of an unknown account', claims: { iss: 'nobody@example.com' }, error: 'invalid_client' },
  ])('is rejected when it is $is', async ({ error, ...assertion }) => {
    expect(await answerTo(assertion)).toMatchObject({ status: expect.any(Number), body: { error } })
  })

  it('is rejected without domain-wide delegation', async () => {
    await using google = await startGoogle({ serviceKey: right.publicKey })
    const assertion = await assertTo(google, {})
    expect(await ask(google, { grant_type: jwtBearer, assertion })).toMatchObject({
      status: 401,
      body: { error: 'unauthorized_client' },
    })
  })
})
