import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appPutSchema } from '../../src/contract/app.ts'
import { newerInPreset, patchedPut, toAppConfig, toAppPut } from '../../src/provider/app-settings.ts'
import { builtIn, type Catalogue, openCatalogue } from '../../src/provider/catalogue.ts'
import { presets } from '../../src/provider/presets.ts'
import { providerNeeds } from '../sweep/provider-needs.ts'
import { pemOf } from './keys.ts'

const fixture = new URL('../fixtures/presets-of-before.json', import.meta.url)

/** Credentials and places that an app of this provider has to have. */
function needed(name: string): object {
  const { settings, takes } = builtIn.get(name) as NonNullable<ReturnType<Catalogue['get']>>
  const issuer = settings.tokenUrl === undefined ? { issuer: 'https://issuer.example' } : {}
  if (settings.grant === 'jwt_bearer') return { clientId: 'robot', serviceKey: pemOf('rsa') }
  if (settings.clientAuth === 'none') return { clientId: 'client', ...issuer }
  const tenant =
    settings.grant === 'client_credentials' && takes.includes('tenant') ? { tenant: 'a.example' } : {}
  return { clientId: 'client', clientSecret: 'secret', ...tenant, ...issuer }
}

async function configOf(put: object, catalogue: Catalogue = builtIn) {
  const config = await toAppConfig({
    app: 'app',
    put: appPutSchema.parse(put),
    allowPrivate: true,
    catalogue,
  })
  if (!config.ok) throw new Error(config.failure.message)
  return config.value
}

describe('every provider of the catalogue', () => {
  const entries = [...builtIn]

  test('are at least 60 besides the built-in presets', () => {
    expect(entries.length).toBeGreaterThanOrEqual(66)
  })

  test.each(entries)(
    "%s names the page of every value that is not the RFC's",
    (_, { settings, facts, sources }) => {
      const isPlain: Record<string, unknown> = {
        scopes: [],
        clientAuth: 'client_secret_basic',
        rotation: 'strict',
      }
      const values = Object.entries({ ...settings, ...facts })
      const stated = values.filter(([name, value]) => JSON.stringify(isPlain[name]) !== JSON.stringify(value))
      const sourced = new Set(Object.values(sources).flat())
      expect(stated.map(([name]) => name).filter((name) => !sourced.has(name) && name !== 'caps')).toEqual([])
      const known = new Set(values.map(([name]) => name))
      expect([...sourced].filter((name) => !known.has(name))).toEqual([])
    },
  )

  test.each(entries)('%s uses https everywhere, and names the registration page', (name, entry) => {
    const urls = JSON.stringify(entry).match(/"[a-z]+:\/\/[^"]*"/g) ?? []
    expect(urls.filter((url) => !url.startsWith('"https://'))).toEqual([])
    expect(entry.setup.register !== undefined || ['oidc', 'keycloak'].includes(name)).toBe(true)
    const consents = (entry.settings.grant ?? 'authorization_code') === 'authorization_code'
    expect(entry.setup.redirectUrlName !== undefined).toBe(consents && name !== 'oidc')
  })

  test.each(entries)('%s needs only a client id and a secret', async (name) => {
    const put = { provider: name, ...needed(name) }
    const config = await configOf(put)
    expect(config).toMatchObject({ provider: name, clientAuth: presets[name]?.clientAuth })
    const again = toAppPut(config)
    const { clientSecret: _, serviceKey: __, ...said } = put as Record<string, unknown>
    expect(again).toEqual(expect.objectContaining(said))
    expect(
      Object.keys(again).filter((field) => !(field in said) && !['tenant', 'cloud'].includes(field)),
    ).toEqual([])
  })
})

/** The name in the list of needs, if it differs. */
const listedAs: Readonly<Record<string, string>> = {
  docusignSandbox: 'docusign-sandbox',
  helpscout: 'helpscout-mailbox',
  klaviyo: 'klaviyo-oauth',
  salesforceSandbox: 'salesforce-sandbox',
  square: 'squareup',
  tiktok: 'tiktok-personal',
  tiktokBusiness: 'tiktok-ads',
}
/** Both ways of Slack have a name; GitHub's tokens may run out; Microsoft takes PKCE. */
const otherwise = ['slack.answer', 'github.refreshToken', 'microsoft.pkce']

test.each(
  [...builtIn].flatMap(([name, { settings }]) => {
    const needs = providerNeeds[listedAs[name] ?? name]
    return needs === undefined ? [] : [[name, settings, needs] as const]
  }),
)('%s has the settings that its provider requires', (name, settings, { settings: needed, needs }) => {
  const { refreshUrl, emptyScopeLeftOut: _, ...wanted } = needed
  const known = Object.entries(wanted).filter(([field]) => !otherwise.includes(`${name}.${field}`))
  expect(settings).toMatchObject(Object.fromEntries(known))
  if (refreshUrl) expect(settings).toHaveProperty('refreshUrl')
  if (needs.includes('no expires_in')) expect(settings).toHaveProperty('tokenLife')
})

test('the earlier presets are unchanged', async () => {
  const before = JSON.parse(await readFile(fixture, 'utf8'))
  for (const [name, preset] of Object.entries(before))
    expect(presets[name]).toEqual({ ...(preset as object), protocol: {} })
})

describe("an operator's own files", () => {
  const acme = {
    displayName: 'Acme',
    category: 'crm',
    settings: {
      authorizeUrl: 'https://acme.example/authorize',
      tokenUrl: 'https://acme.example/token',
      clientAuth: 'client_secret_post',
      pkce: false,
      rotation: 'grace',
      graceSeconds: 60,
    },
    facts: { idleDays: 30 },
    sources: { 'https://acme.example/docs': ['authorizeUrl'] },
    setup: {},
  }

  async function folderWith(files: Record<string, unknown>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tokenbus-catalogue-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    for (const [file, content] of Object.entries(files))
      await writeFile(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content))
    return folder
  }

  test('are available like the others', async () => {
    const catalogue = openCatalogue(await folderWith({ 'acme.json': acme, 'notes.txt': 'not read' }))
    expect([...catalogue.keys()]).toEqual([...builtIn.keys(), 'acme'])
    const config = await configOf({ provider: 'acme', clientId: 'client' }, catalogue)
    expect(config).toMatchObject({ ...acme.settings, preset: { idleLimit: 30 * 86_400_000 } })
  })

  test('may be removed, and their apps keep the settings', async () => {
    const catalogue = openCatalogue(await folderWith({ 'acme.json': acme }))
    const config = await configOf({ provider: 'acme', clientId: 'client', scopes: ['a'] }, catalogue)
    expect(toAppPut(config)).toEqual({ provider: 'acme', clientId: 'client', scopes: ['a'] })
    expect(patchedPut(config, { name: 'Ours' })).toMatchObject({
      provider: 'acme',
      name: 'Ours',
      scopes: ['a'],
    })
    expect(newerInPreset({ ...config, pinned: { said: ['scopes'] } })).toEqual([])
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['that is not JSON', { 'acme.json': '{' }, /acme\.json: the file/],
    ['with an invalid field', { 'acme.json': { ...acme, category: 'x' } }, /acme\.json: category: Invalid/],
    [
      'with an invalid setting',
      { 'acme.json': { ...acme, settings: { ...acme.settings, tokenUrl: 'nowhere' } } },
      /acme\.json: settings\.tokenUrl: Invalid URL\.$/,
    ],
    ['with an unknown field', { 'acme.json': { ...acme, extra: 1 } }, /acme\.json: .*"extra"/],
    ['with an invalid name', { 'a b.json': acme }, /a b\.json: the name of the file must be a letter/],
    [
      'with the name of an existing one',
      { 'slack.json': acme },
      /slack\.json: tokenbus brings a provider slack/,
    ],
  ])('one %s is named at the start', async (_, files, sentence) => {
    const folder = await folderWith(files)
    expect(() => openCatalogue(folder)).toThrow(sentence)
  })

  test('a missing folder is named', () => {
    expect(() => openCatalogue('/nowhere/at/all')).toThrow(
      /^TOKENBUS_CATALOGUE_DIR: \/nowhere\/at\/all cannot be read/,
    )
  })
})

test('an unknown provider is rejected without repeating its name', async () => {
  await expect(configOf({ provider: 'nobody', clientId: 'client' })).rejects.toThrow(
    /^provider: not one of the catalogue(?!.*nobody)/,
  )
})
