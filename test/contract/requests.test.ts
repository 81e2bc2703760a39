import { describe, expect, it } from 'vitest'
import { accountPutSchema } from '../../src/contract/account.ts'
import { appPutSchema, appSecretAddSchema } from '../../src/contract/app.ts'
import { parsePayload } from '../../src/contract/parse-payload.ts'
import { keyFile, pemOf } from '../provider/keys.ts'

const bytes = (value: object) => new TextEncoder().encode(JSON.stringify(value))
const app = { provider: 'oidc', clientId: 'client', tokenUrl: 'https://a.example/token' }
const account = { app: 'app', user: 'alice' }
const asciiRule = 'must be printable ASCII, without line breaks (RFC 6749 appendix A)'
const textRule = 'must be valid Unicode without control characters'
const withControl = ['ends with a line\n', 'ends with a line\r\n', '\tbegins with a tab', 'nul\0']

describe('a control character', () => {
  it.each([
    ['accessToken', accountPutSchema, (text: string) => ({ ...account, accessToken: text })],
    ['refreshToken', accountPutSchema, (text: string) => ({ ...account, refreshToken: text })],
  ])('in the token %s is 400, naming the field without its value', (field, schema, body) => {
    for (const text of [...withControl, 'sécret'])
      expect(parsePayload(schema, bytes(body(text)))).toMatchObject({
        failure: { error: 'bad_request', message: `${field}: ${asciiRule}` },
      })
  })

  it.each([
    ['clientId', appPutSchema, (text: string) => ({ ...app, clientId: text })],
    ['clientSecret', appPutSchema, (text: string) => ({ ...app, clientSecret: text })],
    ['secrets[0].secret', appPutSchema, (text: string) => ({ ...app, secrets: [{ secret: text }] })],
    ['secret', appSecretAddSchema, (text: string) => ({ secret: text })],
    ['scopes[0]', appPutSchema, (text: string) => ({ ...app, scopes: [text] })],
    ['additionalScopes[0]', appPutSchema, (text: string) => ({ ...app, additionalScopes: [text] })],
  ])('in %s is 400, naming the field without its value', (field, schema, body) => {
    for (const text of withControl)
      expect(parsePayload(schema, bytes(body(text)))).toMatchObject({
        failure: { error: 'bad_request', message: `${field}: ${textRule}` },
      })
    for (const text of ['a secret: with/odd+characters %~', 'ключ é 🔑'])
      expect(parsePayload(schema, bytes(body(text)))).toMatchObject({ ok: true })
  })

  it('is allowed in private keys, which have line breaks', () => {
    for (const key of [pemOf('rsa'), `\n${pemOf('ec')}\n`, JSON.stringify(JSON.parse(keyFile()), null, 2)])
      for (const [schema, body] of [
        [appPutSchema, { ...app, clientSecret: key }],
        [appPutSchema, { ...app, serviceKey: key }],
        [appPutSchema, { ...app, secrets: [{ secret: key }] }],
        [appSecretAddSchema, { secret: key }],
      ] as const)
        expect(parsePayload(schema, bytes(body))).toMatchObject({ ok: true })
  })
})
