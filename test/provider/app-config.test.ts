import { describe, expect, test } from 'vitest'
import { toAppConfig } from '../../src/provider/app-config.ts'
import { appPutSchema } from '../../src/schemas.ts'

function configOf(put: Record<string, unknown>, allowPrivate = true) {
  const parsed = appPutSchema.parse({ provider: 'oidc', clientId: 'client', ...put })
  return toAppConfig({ app: 'app', put: parsed, allowPrivate })
}

const issuer = 'http://127.0.0.1:4000'

describe('the settings of an app', () => {
  test('what is left out is filled in, and no secret is in it', async () => {
    const config = await configOf({ issuer, clientSecret: 'not to be seen' })
    expect(config).toEqual({
      ok: true,
      value: {
        app: 'app',
        provider: 'oidc',
        clientId: 'client',
        clientAuth: 'client_secret_basic',
        issuer,
        scopes: ['openid', 'offline_access'],
        rotation: 'strict',
      },
    })
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })

  test('what is said is kept', async () => {
    const put = {
      tokenUrl: 'http://127.0.0.1:4000/token',
      authorizeUrl: 'http://127.0.0.1:4000/auth',
      scopes: ['mail'],
      additionalScopes: ['files', 'mail'],
      clientAuth: 'client_secret_post',
      rotation: 'grace',
      graceSeconds: 20,
      policy: 'eager',
    }
    const { additionalScopes: _, ...kept } = put
    expect(await configOf(put)).toMatchObject({ ok: true, value: { ...kept, scopes: ['mail', 'files'] } })
  })

  test.each([
    ['issuer', {}],
    ['issuer', { issuer: 'http://127.0.0.1:4000/?a=b' }],
    ['tokenUrl', { tokenUrl: 'ftp://127.0.0.1/' }],
    ['authorizeUrl', { issuer, authorizeUrl: 'javascript:alert(1)' }],
    ['secrets', { issuer, clientSecret: 'a', secrets: [{ secret: 'b' }] }],
    ['tenant', { issuer, tenant: 'common' }],
    ['provider', { provider: 'gmail' }],
  ])('%s is named when it is wrong', async (field, put) => {
    expect(await configOf(put)).toMatchObject({
      ok: false,
      failure: { error: 'invalid_config', message: expect.stringMatching(new RegExp(`^${field}: `)) },
    })
  })

  test('private endpoints only where they are allowed', async () => {
    expect(await configOf({ issuer }, false)).toMatchObject({
      ok: false,
      failure: { message: 'issuer: must be https' },
    })
  })
})
