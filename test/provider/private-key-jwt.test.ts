import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { checkCredential } from '../../src/provider/check-settings.ts'
import { ask, config, tokensOf } from './ask.ts'
import { pemOf } from './keys.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

const pem = await readFile(new URL('../fixtures/key-with-certificate.pem', import.meta.url), 'utf8')
const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')))

test('an assertion for Microsoft names the key’s certificate', async () => {
  await using server = await startRawServer((socket) =>
    socket.end(answerBytes({ status: 200, body: '{"access_token":"at-1"}' })),
  )
  const tokenUrl = `${server.url}/tenant/oauth2/v2.0/token`
  const app = { ...config, provider: 'outlook' as const, clientAuth: 'client_secret_post' as const, tokenUrl }
  await tokensOf(ask(tokenUrl, { config: app, clientSecret: new Secret(pem) }))
  const [head = '', body = ''] = (server.requests[0] ?? '').split('\r\n\r\n')
  const form = new URLSearchParams(body)
  expect(head).not.toMatch(/authorization/i)
  expect(form.has('client_secret')).toBe(false)
  expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  const assertion = form.get('client_assertion') ?? ''
  expect(decodeProtectedHeader(assertion)).toEqual({
    alg: 'PS256',
    typ: 'JWT',
    'x5t#S256': Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
  })
  const { payload } = await jwtVerify(assertion, certificate.publicKey, {
    issuer: 'client:1',
    subject: 'client:1',
    audience: tokenUrl,
  })
  expect(payload.jti).toBeTypeOf('string')
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
})

test('a key with another key’s certificate is rejected', async () => {
  const mixed = pemOf('rsa') + certificate.toString()
  const checked = checkCredential({ field: 'secrets', secret: new Secret(mixed), config })
  expect(await checked).toMatchObject({ ok: false, failure: { error: 'invalid_config' } })
})
