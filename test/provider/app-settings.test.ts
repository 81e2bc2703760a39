import { describe, expect, test } from 'vitest'
import { appPutSchema } from '../../src/contract/app.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { newerInPreset, patchedPut, toAppConfig, toAppPut } from '../../src/provider/app-settings.ts'
import { identityIssuer } from '../../src/provider/identity.ts'
import { keyFile, pemOf } from './keys.ts'

function configOf(put: Record<string, unknown>, allowPrivate = true) {
  const parsed = appPutSchema.parse({ provider: 'oidc', clientId: 'client', ...put })
  return toAppConfig({ app: 'app', put: parsed, allowPrivate })
}

const issuer = 'http://127.0.0.1:4000'
const google = { provider: 'gmailService', clientId: 'robot@project.iam.gserviceaccount.com' }
const tenant = '7c9e6679-7425-40de-944b-e07fc1f90ae7'

describe('the settings of an app', () => {
  test('get defaults, and contain no secret', async () => {
    const config = await configOf({ issuer, clientSecret: 'not to be seen' })
    expect(config).toEqual({
      ok: true,
      value: {
        app: 'app',
        provider: 'oidc',
        grant: 'authorization_code',
        clientId: 'client',
        clientAuth: 'client_secret_basic',
        issuer,
        scopes: ['openid', 'offline_access'],
        rotation: 'strict',
      },
    })
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })

  test('are stored as given', async () => {
    const put = {
      tokenUrl: 'http://127.0.0.1:4000/token',
      authorizeUrl: 'http://127.0.0.1:4000/auth',
      revocationUrl: 'http://127.0.0.1:4000/revoke',
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

  test('can be read back as given, with additional scopes listed separately', async () => {
    const tokenUrl = 'http://127.0.0.1:4000/token'
    const put = { tokenUrl, scopes: ['mail'], additionalScopes: ['files', 'mail'] }
    const config = await configOf(put)
    expect(config.ok && toAppPut(config.value)).toMatchObject({ ...put, additionalScopes: ['files'] })
    const unsaid = await configOf({ tokenUrl, additionalScopes: ['files'] })
    expect(unsaid.ok && toAppPut(unsaid.value)).not.toHaveProperty('scopes')
  })

  test('accept private endpoints only if permitted', async () => {
    expect(await configOf({ issuer }, false)).toMatchObject({
      ok: false,
      failure: { message: 'issuer: must be https' },
    })
  })
})

describe('a preset', () => {
  test.each([
    [
      'gmail',
      { provider: 'gmail' },
      {
        grant: 'authorization_code',
        authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
        tokenUrl: 'https://oauth2.googleapis.com/token',
        revocationUrl: 'https://oauth2.googleapis.com/revoke',
        scopes: ['https://mail.google.com/'],
        rotation: 'none',
      },
    ],
    [
      'gmailService',
      { ...google, serviceKey: pemOf('rsa') },
      { grant: 'jwt_bearer', tokenUrl: 'https://oauth2.googleapis.com/token', rotation: 'none' },
    ],
    [
      'outlook',
      { provider: 'outlook' },
      {
        grant: 'authorization_code',
        tenant: 'common',
        authorizeUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
        tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
        scopes: [
          'offline_access',
          'https://outlook.office.com/IMAP.AccessAsUser.All',
          'https://outlook.office.com/SMTP.Send',
        ],
        rotation: 'keeps-old',
      },
    ],
    [
      'outlook in China',
      { provider: 'outlook', tenant: 'organizations', cloud: 'china' },
      {
        tokenUrl: 'https://login.chinacloudapi.cn/organizations/oauth2/v2.0/token',
        scopes: expect.arrayContaining(['https://partner.outlook.cn/SMTP.Send']),
      },
    ],
    [
      'outlookService in GCC High',
      { provider: 'outlookService', tenant, cloud: 'gcc-high', clientSecret: 's' },
      {
        grant: 'client_credentials',
        tokenUrl: `https://login.microsoftonline.us/${tenant}/oauth2/v2.0/token`,
        scopes: ['https://graph.microsoft.us/.default'],
        rotation: 'none',
      },
    ],
    [
      'outlookService in DoD',
      { provider: 'outlookService', tenant, cloud: 'dod', clientSecret: 's' },
      { scopes: ['https://dod-graph.microsoft.us/.default'] },
    ],
    [
      'mailRu',
      { provider: 'mailRu' },
      {
        grant: 'authorization_code',
        authorizeUrl: 'https://oauth.mail.ru/login',
        tokenUrl: 'https://oauth.mail.ru/token',
        scopes: ['openid', 'mail.imap', 'offline_access'],
      },
    ],
  ])('%s', async (_, put, value) => {
    expect(await configOf(put)).toMatchObject({ ok: true, value })
  })

  test.each(['gmail', 'outlook', 'mailRu'])('%s with other endpoints', async (provider) => {
    const put = { authorizeUrl: `${issuer}/a`, tokenUrl: `${issuer}/t`, revocationUrl: `${issuer}/r` }
    expect(await configOf({ provider, ...put })).toMatchObject({ ok: true, value: put })
  })

  test('any grant with discovery', async () => {
    expect(await configOf({ issuer, grant: 'client_credentials', clientSecret: 's' })).toMatchObject({
      ok: true,
      value: { grant: 'client_credentials', rotation: 'none' },
    })
  })
})

describe('settings that cannot work', () => {
  test.each([
    ['issuer', {}],
    ['issuer', { issuer: 'http://127.0.0.1:4000/?a=b' }],
    ['tokenUrl', { tokenUrl: 'ftp://127.0.0.1/' }],
    ['authorizeUrl', { issuer, authorizeUrl: 'javascript:alert(1)' }],
    ['revocationUrl', { issuer, revocationUrl: 'file:///etc/passwd' }],
    ['secrets', { issuer, clientSecret: 'a', secrets: [{ secret: 'b' }] }],
    ['tenant', { issuer, tenant: 'common' }],
    ['cloud', { provider: 'gmail', cloud: 'global' }],
    ['issuer', { provider: 'mailRu', issuer }],
    ['testing', { provider: 'outlook', testing: true }],
    ['serviceKey', { provider: 'gmail', serviceKey: pemOf('rsa') }],
    ['serviceKey', google],
    ['serviceKey', { ...google, serviceKey: 'no key' }],
    ['serviceKey', { ...google, serviceKey: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }],
    ['serviceKey', { ...google, serviceKey: keyFile({ email: 'another@project.iam.gserviceaccount.com' }) }],
    ['clientSecret', { ...google, serviceKey: pemOf('rsa'), clientSecret: 's' }],
    ['secrets', { ...google, serviceKey: pemOf('rsa'), secrets: [{ secret: pemOf('rsa') }] }],
    ['secrets', { ...google, secrets: [{ secret: pemOf('rsa') }, { secret: 'no key' }] }],
    ['rotation', { ...google, serviceKey: pemOf('rsa'), rotation: 'strict' }],
    ['tenant', { provider: 'outlookService', clientSecret: 's' }],
    ['tenant', { provider: 'outlookService', clientSecret: 's', tenant: 'organizations' }],
    ['clientSecret', { provider: 'outlookService', tenant }],
    ['scopes', { provider: 'outlookService', clientSecret: 's', tenant, scopes: ['Mail.Read'] }],
    [
      'clientSecret',
      { issuer, clientSecret: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
    ],
    ['secrets', { issuer, secrets: [{ secret: pemOf('weak') }] }],
  ])('%s is named if it is invalid', async (field, put) => {
    expect(await configOf(put)).toMatchObject({
      ok: false,
      failure: { error: 'invalid_config', message: expect.stringMatching(new RegExp(`^${field}: `)) },
    })
  })

  test('an invalid cloud or tenant', () => {
    const outlook = { provider: 'outlook', clientId: 'client' }
    const clouds = appPutSchema.safeParse({ ...outlook, cloud: 'mars' })
    expect(clouds.error?.issues[0]).toMatchObject({ path: ['cloud'] })
    const tenants = appPutSchema.safeParse({ ...outlook, tenant: 'evil.example/x?' })
    expect(tenants.error?.issues[0]).toMatchObject({ path: ['tenant'] })
  })

  test('an invalid key is not quoted', async () => {
    const refused = await configOf({ ...google, serviceKey: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0' })
    expect(JSON.stringify(refused)).not.toContain('c2VjcmV0')
  })
})

describe('an app that was put under an older preset', () => {
  const old = async (put: Record<string, unknown>, older: Partial<AppConfig>) => {
    const config = await configOf(put)
    if (!config.ok) throw new Error(config.failure.message)
    return { ...config.value, ...older, pinned: { said: Object.keys(put) } }
  }
  const then = 'https://then.example/token'

  test('is unchanged, and lists the settings that a put would update', async () => {
    const config = await old({ provider: 'gmail', clientId: 'c', scopes: ['mine'] }, { tokenUrl: then })
    expect(newerInPreset(config)).toEqual(['tokenUrl'])
    const renamed = patchedPut(config, { name: 'Ours' })
    expect(renamed).toMatchObject({ tokenUrl: then, name: 'Ours', scopes: ['mine'] })
  })

  test('does not list settings that the operator gave, or may have given', async () => {
    const said = await old({ provider: 'gmail', clientId: 'c', tokenUrl: then, additionalScopes: ['a'] }, {})
    expect(newerInPreset(said)).toEqual([])
    const { pinned: _, ...unknown } = said
    expect(newerInPreset(unknown)).toEqual([])
    expect(newerInPreset(await old({ provider: 'outlook', clientId: 'c', tenant: 'a.example' }, {}))).toEqual(
      [],
    )
  })

  test('keeps the issuer of its ID tokens unless the operator gave the endpoint', async () => {
    const known = await old({ provider: 'gmail', clientId: 'c' }, { tokenUrl: then })
    expect(identityIssuer(known)).toBe('https://accounts.google.com')
    expect(
      identityIssuer(await old({ provider: 'gmail', clientId: 'c', tokenUrl: then }, {})),
    ).toBeUndefined()
  })

  test('that is moved to another tenant gets the current endpoints, except those the operator gave', async () => {
    const put = { provider: 'outlook', clientId: 'c', authorizeUrl: 'https://mine.example/authorize' }
    const config = await old(put, { tokenUrl: 'https://then.example/common/token' })
    const moved = patchedPut(config, { tenant: 'a.example' })
    expect(moved).not.toHaveProperty('tokenUrl')
    expect(moved).toMatchObject({ tenant: 'a.example', authorizeUrl: put.authorizeUrl })
  })
})
