import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttp } from '../../src/provider/http.ts'
import { createKeySets, KeysUnavailable } from '../../src/security-events/key-sets.ts'
import { longestDelay, verifyEventToken } from '../../src/security-events/verify.ts'
import { clientId, riscEvent, type Signing, startTransmitter, type Transmitter } from './transmitter.ts'

let transmitter: Transmitter
const http = createHttp({ allowPrivate: true })
beforeAll(async () => {
  transmitter = await startTransmitter()
})
afterAll(async () => {
  await http.close()
  await transmitter[Symbol.asyncDispose]()
})

const events = { [riscEvent('verification')]: {} }
const seconds = () => Math.floor(Date.now() / 1_000)

function verify(text: string, keySets = createKeySets({ http, allowPrivate: true })) {
  const source = { issuer: transmitter.issuer, jwksUrl: transmitter.jwksUrl }
  return verifyEventToken({ text, source, audience: clientId, keySets, now: Date.now() })
}

describe('a security event token', () => {
  it.each<[string, Signing]>([
    ['with all that RFC 8417 asks for', {}],
    ['without a type, as Google sends it', { header: { typ: undefined } }],
    ['for several audiences', { claims: { aud: ['another', clientId] } }],
    ['that was repeated for days', { claims: { iat: seconds() - 6 * 86_400 } }],
    ['of a clock a little ahead', { claims: { iat: seconds() + 60 } }],
  ])('%s is taken', async (_, signing) =>
    expect(await verify(await transmitter.sign(events, signing))).toMatchObject({ events }),
  )

  it.each<[string, string, Signing]>([
    ['signed by somebody else', 'authentication_failed', { withForeignKey: true }],
    ['signed by a key that is not published', 'invalid_key', { header: { kid: 'key-2' } }],
    ['of another issuer', 'invalid_issuer', { claims: { iss: 'https://accounts.example.com' } }],
    ['of no issuer', 'invalid_issuer', { claims: { iss: undefined } }],
    ['of a list of issuers', 'invalid_issuer', { claims: { iss: ['https://accounts.example.com'] } }],
    ['of a time no date has', 'invalid_request', { claims: { toe: 1e300 } }],
    ['for another app', 'invalid_audience', { claims: { aud: 'another' } }],
    ['for nobody', 'invalid_audience', { claims: { aud: undefined } }],
    ['of no time', 'invalid_request', { claims: { iat: undefined } }],
    ['older than any repeat', 'invalid_request', { claims: { iat: seconds() - longestDelay / 1_000 - 600 } }],
    ['of tomorrow', 'invalid_request', { claims: { iat: seconds() + 86_400 } }],
    ['without a name', 'invalid_request', { claims: { jti: undefined } }],
    ['without events, like an ID token', 'invalid_request', { claims: { events: undefined } }],
    ['with no event in it', 'invalid_request', { claims: { events: {} } }],
    ['that says it is something else', 'invalid_request', { header: { typ: 'at+jwt' } }],
  ])('%s is not taken: %s', async (_, err, signing) =>
    expect(await verify(await transmitter.sign(events, signing))).toMatchObject({
      err,
      description: expect.any(String),
    }),
  )

  it.each([
    ['nothing', ''],
    ['no token', 'please'],
    ['a token of no algorithm', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('%s is not taken', async (_, text) =>
    expect(await verify(text)).toMatchObject({ err: 'invalid_request' }),
  )

  it('signed with the public key as a secret is not accepted', async () => {
    const signed = await new SignJWT({ iss: transmitter.issuer, events })
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(Buffer.from('the public key'.repeat(4)))
    expect(await verify(signed)).toMatchObject({ err: 'invalid_request' })
  })
})

describe('the keys of an issuer', () => {
  it('are found by its configuration, and fetched once', async () => {
    const keySets = createKeySets({ http, allowPrivate: true })
    const source = { issuer: transmitter.issuer, configurationUrl: transmitter.configurationUrl }
    const before = transmitter.fetches()
    for (let i = 0; i < 3; i++) {
      const text = await transmitter.sign(events)
      const verified = { text, source, audience: clientId, keySets, now: Date.now() }
      expect(await verifyEventToken(verified)).toMatchObject({ events })
    }
    expect(transmitter.fetches() - before).toBe(2)
  })
  it('that cannot be fetched leave the token undecided, and are fetched again later', async () => {
    const keySets = createKeySets({ http, allowPrivate: true })
    const text = await transmitter.sign(events)
    transmitter.goAway()
    await expect(verify(text, keySets)).rejects.toThrow(KeysUnavailable)
    transmitter.goAway(false)
    expect(await verify(text, keySets)).toMatchObject({ events })
  })
  it('are not fetched from private addresses, unless that is allowed', async () => {
    const guarded = createHttp({ allowPrivate: false })
    const keySets = createKeySets({ http: guarded, allowPrivate: false })
    await expect(verify(await transmitter.sign(events), keySets)).rejects.toThrow(KeysUnavailable)
    const source = { issuer: 'https://127.0.0.1', jwksUrl: transmitter.jwksUrl.replace('http:', 'https:') }
    await expect(keySets.keysOf(source)).rejects.toThrow(KeysUnavailable)
    await guarded.close()
  })
})
