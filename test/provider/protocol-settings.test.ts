import { describe, expect, test } from 'vitest'
import { appPutSchema } from '../../src/contract/app.ts'
import { toAppConfig, toAppPut } from '../../src/provider/app-settings.ts'

const tokenUrl = 'http://127.0.0.1:4000/token'

const whole = (put: Record<string, unknown>) => ({ provider: 'oidc', clientId: 'client', tokenUrl, ...put })

function configOf(put: Record<string, unknown>, allowPrivate = true) {
  return toAppConfig({ app: 'app', put: appPutSchema.parse(whole(put)), allowPrivate })
}

const all = {
  pkce: false,
  clientAuth: 'client_secret_query',
  tokenBody: 'json',
  tokenMethod: 'POST',
  refreshMethod: 'GET',
  authorizeParams: { prompt: null, audience: 'https://api.example', access_type: 'offline' },
  tokenParams: { grant_type: 'openapi_2lo', resource: 'urn:a' },
  refreshParams: { scope: null },
  tokenHeaders: { 'Notion-Version': '2022-06-28' },
  parameterNames: { client_id: 'client_key', code: 'auth_code', response_type: '' },
  refreshUrl: 'http://127.0.0.1:4000/refresh',
  exchangeUrl: 'http://127.0.0.1:4000/exchange',
  exchangeParams: { client_id: null },
  scopeSeparator: ',',
  answer: { path: 'data.tokens', names: { access_token: 'accessToken' }, expiresInUnit: 'ms' },
  tokenLife: 3600,
  maxTokenLife: 86_400,
  refreshToken: 'optional',
  refreshWith: 'access_token',
  keep: ['instance_url', 'team.id'],
  urlParams: {
    domain: { pattern: '^[a-z0-9-]+\\.example\\.com$' },
    device: { pattern: '^\\w+$', from: 'device_id' },
  },
  authorizeUrl: 'https://{domain}/authorize',
  redirectUri: 'Registered_Name-1',
} as const

describe('protocol settings', () => {
  test('are stored as given, and can be read back', async () => {
    const config = await configOf(all)
    expect(config).toMatchObject({ ok: true, value: all })
    expect(config.ok && toAppPut(config.value)).toMatchObject(all)
  })

  test('that were not given are absent', async () => {
    const config = await configOf({})
    expect(config.ok && Object.keys(config.value).sort()).toEqual(
      ['app', 'clientAuth', 'clientId', 'grant', 'provider', 'rotation', 'scopes', 'tokenUrl'].sort(),
    )
  })

  test.each([
    [
      'refreshParams',
      { refreshParams: { redirect_uri: 'https://a.example/cb', state: 'x', client_secret: null } },
    ],
    ['tokenParams', { tokenParams: { state: 'x', client_id: null } }],
    ['pkceMethod', { pkceMethod: 'plain' }],
    [
      'authorizeParams',
      { grant: 'client_credentials', clientSecret: 's', authorizeUrl: tokenUrl, authorizeParams: { a: 'b' } },
    ],
  ])('%s may be %j', async (_, put) => {
    expect(await configOf(put)).toMatchObject({ ok: true })
  })

  test('a host that an account fills in is checked when it is known', async () => {
    const put = { urlParams: { domain: { pattern: '^[a-z.]+$' } }, tokenUrl: 'https://{domain}/token' }
    expect(await configOf(put, false)).toMatchObject({ ok: true })
    const plain = { ...put, tokenUrl: 'http://{domain}/token' }
    expect(await configOf(plain, false)).toMatchObject({ failure: { message: 'tokenUrl: must be https' } })
    const inside = { ...put, tokenUrl: 'https://{domain}.internal/token' }
    expect(await configOf(inside, false)).toMatchObject({
      failure: { message: 'tokenUrl: must not be a name of the private network' },
    })
  })

  test.each([
    ['clientAuth', { clientAuth: 'none', clientSecret: 's' }],
    ['clientAuth', { clientAuth: 'none', secrets: [{ secret: 's' }] }],
    ['clientSecret', { clientAuth: 'none', grant: 'client_credentials' }],
    ['tokenLife', { tokenLife: 7200, maxTokenLife: 3600 }],
    ['tokenUrl', { tokenUrl: 'https://{domain}/token' }],
    ['issuer', { issuer: 'https://{domain}/', urlParams: { realm: { pattern: '^a$' } } }],
    ['refreshUrl', { refreshUrl: 'https://a.example/{x}' }],
    ['refreshUrl', { refreshUrl: 'ftp://a.example/' }],
    [
      'tokenUrl',
      {
        tokenUrl: 'https://{a}:{b}@example.com/',
        urlParams: { a: { pattern: '^a$' }, b: { pattern: '^b$' } },
      },
    ],
    ...['client_id', 'client_secret', 'code', 'code_verifier', 'refresh_token'].flatMap((name) => [
      ['authorizeParams', { authorizeParams: { [name]: 'x' } }] as const,
      ['tokenParams', { tokenParams: { [name]: 'x' } }] as const,
      ['refreshParams', { refreshParams: { [name]: 'x' } }] as const,
      ['exchangeParams', { exchangeUrl: tokenUrl, exchangeParams: { [name]: 'x' } }] as const,
    ]),
    ['authorizeParams', { authorizeParams: { state: 'x' } }],
    ['authorizeParams', { authorizeParams: { redirect_uri: 'x' } }],
    ['authorizeParams', { authorizeParams: { client_id: null } }],
    ['tokenParams', { tokenParams: { redirect_uri: 'x' } }],
    ['tokenParams', { tokenParams: { code: null } }],
    ['tokenBody', { tokenMethod: 'GET', tokenBody: 'json' }],
    ['exchangeParams', { exchangeParams: { a: 'b' } }],
    ['pkceMethod', { pkceMethod: 'plain', pkce: false }],
    [
      'urlParams',
      { urlParams: { t: { pattern: '^a$', from: 't' } }, grant: 'client_credentials', clientSecret: 's' },
    ],
    ['urlParams', { urlParams: { t: { pattern: '^a$', from: 't' } }, authorizeUrl: 'https://{t}.example/' }],
    ['urlParams', { urlParams: { t: { pattern: '^a$', from: 't' } }, authorizeParams: { a: '{t}' } }],
    ['authorizeParams', { authorizeParams: { state: null } }],
    ['tokenParams', { tokenParams: { secret: 'x' }, parameterNames: { client_secret: 'secret' } }],
    ['tokenHeaders', { tokenHeaders: { Authorization: 'Basic x' } }],
    ['tokenHeaders', { tokenHeaders: { host: 'elsewhere.example' } }],
    ['tokenHeaders', { tokenHeaders: { 'content-length': '1' } }],
    ['parameterNames', { parameterNames: { code: 'state' } }],
    ['parameterNames', { parameterNames: { code: 'a', client_id: 'a' } }],
    ['parameterNames', { parameterNames: { state: '' } }],
    ['keep', { keep: ['access_token'] }],
    ['keep', { keep: ['authed_user.refresh_token'] }],
    ['keep', { keep: ['jwt'], answer: { names: { access_token: 'jwt' } } }],
    ...[
      'pkce',
      'authorizeParams',
      'refreshParams',
      'refreshUrl',
      'refreshMethod',
      'refreshToken',
      'refreshWith',
      'exchangeUrl',
      'redirectUri',
    ].map(
      (name) =>
        [name, { grant: 'client_credentials', clientSecret: 's', [name]: all[name as 'pkce'] }] as const,
    ),
  ] as const)('%s is named in a conflict: %j', async (field, put) => {
    expect(await configOf(put)).toMatchObject({
      ok: false,
      failure: { error: 'invalid_config', message: expect.stringMatching(new RegExp(`^${field}: `)) },
    })
  })

  test.each([
    ['tokenBody', 'xml'],
    ['tokenMethod', 'PUT'],
    ['pkceMethod', 'S512'],
    ['urlParams', { domain: { pattern: '^a$', from: 'a b' } }],
    ['authorizeParams', { 'a b': 'c' }],
    ['tokenParams', { a: 'b\nc' }],
    ['tokenParams', { a: 1 }],
    ['refreshParams', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`p${i}`, 'x']))],
    ['tokenHeaders', { 'X-A': 'b\r\nX-B: c' }],
    ['tokenHeaders', { 'x a': 'b' }],
    ['scopeSeparator', ''],
    ['scopeSeparator', 'and'],
    ['answer', { path: '../..' }],
    ['answer', { expiresInUnit: 'h' }],
    ['tokenLife', 0],
    ['maxTokenLife', -1],
    ['urlParams', { domain: {} }],
    ['urlParams', { domain: { pattern: '(' } }],
    ['keep', Array.from({ length: 21 }, (_, i) => `f${i}`)],
    ['refreshUrl', 'nowhere'],
    ['refreshUrl', `https://a.example/${'x'.repeat(2_048)}`],
    ['redirectUri', 'a\nb'],
  ])('%s is invalid: %j', (field, value) => {
    expect(appPutSchema.safeParse(whole({ [field]: value })).error?.issues[0]?.path[0]).toBe(field)
  })
})
