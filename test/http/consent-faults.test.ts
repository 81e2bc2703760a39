import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConsentProblem, problemOf, problems } from '../../src/consent/problems.ts'
import { translator } from '../../src/http/translations.ts'
import type { Page } from '../support/browser.ts'
import { type PlainAnswer, type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { aadsts } from '../support/stand-ins/aadsts.ts'
import { type ConsentScene, startConsentScene, wayBack } from './consent-scene.ts'

let scene: ConsentScene
let provider: PlainProvider
/** What the token endpoint answers. */
let answer: PlainAnswer
/** Runs before it answers. */
let redeeming: (() => Promise<unknown>) | undefined
let apps = 0

const granted: PlainAnswer = [200, { access_token: 'a', refresh_token: 'r', expires_in: 3_600 }]

beforeAll(async () => {
  provider = await startPlainProvider({
    async answer() {
      await redeeming?.()
      return answer
    },
  })
  scene = await startConsentScene()
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})
beforeEach(() => {
  answer = granted
  redeeming = undefined
})

/** A new app, so that no other test's faults show on it. */
async function newApp(settings: object = {}): Promise<string> {
  const app = `app-${++apps}`
  const put = {
    provider: 'outlook',
    authorizeUrl: `${provider.origin}/common/oauth2/v2.0/authorize`,
    tokenUrl: `${provider.origin}/common/oauth2/v2.0/token`,
    clientId: 'client',
    clientSecret: 'client-secret',
    ...settings,
  }
  expect(await scene.cluster.request(`app.put.${app}`, put)).toMatchObject({ app })
  return app
}

/** Begins a consent, and runs `meanwhile` before the provider sends the browser back. */
async function comesBack(app: string, form: object = {}, meanwhile?: () => Promise<unknown>) {
  const open = scene.browser()
  const start = await open(await scene.formFor({ account: `of-${app}`, type: app, ...form }))
  const { location } = await open(start.location as string)
  await meanwhile?.()
  return open(new URL(location as string))
}

/** A person agrees at the provider; or its page sends them back with this instead of a code. */
async function consent(app: string, callback?: object) {
  const open = scene.browser()
  const start = await open(await scene.formFor({ account: `of-${app}`, type: app }))
  const { location } = await open(start.location as string)
  const url = new URL(location as string)
  if (callback !== undefined) url.searchParams.delete('code')
  for (const [name, value] of Object.entries(callback ?? {})) url.searchParams.set(name, String(value))
  return { open, url, page: await open(url) }
}

const say = translator('en')
const app = (id: string) => scene.cluster.request(`app.get.${id}`)

type Values = Readonly<Record<string, string>>

async function shows(page: Page, problem: ConsentProblem, values: Values = { word: '' }) {
  const { status, description, title } = problemOf(problem)
  const asHtml = (text: string) => text.replaceAll("'", '&#39;').replaceAll('"', '&quot;')
  expect(page.status).toBe(status)
  expect(page.html).toContain(asHtml(say(`consent.${title ?? problem}.title`)))
  expect(page.html).toContain(asHtml(say(`consent.${problem}.text`, values)))
  const back = wayBack(page)
  expect(back.get('error')).toBe(problem)
  expect(back.get('error_description')).toBe(description)
  const metrics = (await scene.cluster.ask('GET', '/metrics')).body
  expect(metrics).toMatch(new RegExp(`tokenbus_consents_total\\{outcome="${problem}"\\} [1-9]`))
}

async function isToldTo(id: string, problem: ConsentProblem) {
  const seen = await app(id)
  if (problemOf(problem).blame === 'app') {
    expect(seen).toMatchObject({ inQuestion: true, lastError: { action: expect.any(String) } })
  } else {
    expect(seen).not.toHaveProperty('inQuestion')
    expect(seen).not.toHaveProperty('lastError')
  }
  expect(await scene.cluster.request(`account.get.of-${id}`)).toMatchObject({ error: 'account_not_found' })
}

const microsoft = (code: number, error: string, status = 400): PlainAnswer => [
  status,
  aadsts(code, 'Something.', { error, status }).body,
]

describe('a failed code exchange', () => {
  it.each<[string, PlainAnswer, ConsentProblem]>([
    ['a wrong secret', microsoft(7000215, 'invalid_client', 401), 'client_secret_wrong'],
    ['an expired secret', microsoft(7000222, 'invalid_client', 401), 'client_secret_expired'],
    ['a wrong secret, in RFC 6749', [401, { error: 'invalid_client' }], 'client_secret_wrong'],
    ['another redirect URL', microsoft(50011, 'invalid_client'), 'redirect_mismatch'],
    ["Google's word for it", [400, { error: 'redirect_uri_mismatch' }], 'redirect_mismatch'],
    ['an unknown tenant', microsoft(90002, 'invalid_request'), 'unknown_tenant'],
    ['a public client', microsoft(700025, 'invalid_client', 401), 'wrong_platform'],
    ['a secret that is missing', microsoft(7000218, 'invalid_client', 401), 'wrong_platform'],
    ['a single-page application', microsoft(9002327, 'invalid_request'), 'wrong_platform'],
    ['an unknown app', microsoft(700016, 'unauthorized_client'), 'app_not_found'],
    ['a spent code', microsoft(54005, 'invalid_grant'), 'code_spent'],
    ['an old code', microsoft(70008, 'invalid_grant'), 'code_spent'],
    ['a spent code, in RFC 6749', [400, { error: 'invalid_grant' }], 'code_spent'],
    ['unknown scopes', [400, { error: 'invalid_scope' }], 'invalid_scope'],
    ['a client that may not', [400, { error: 'unauthorized_client' }], 'unauthorized_client'],
    ['an administrator who is needed', microsoft(90094, 'invalid_grant'), 'admin_consent_required'],
    ['no consent in the tenant', microsoft(65001, 'invalid_grant'), 'admin_consent_required'],
    ['a user who is not assigned', microsoft(50105, 'invalid_grant'), 'user_not_assigned'],
    ['a blocked tenant', microsoft(500021, 'access_denied'), 'tenant_blocked'],
    ['a device that is not managed', microsoft(53000, 'interaction_required'), 'policy_blocked'],
    ['a second factor', microsoft(50076, 'interaction_required'), 'mfa_required'],
    ['a disabled user', microsoft(50057, 'invalid_grant'), 'user_blocked'],
    ['a user of elsewhere', microsoft(50020, 'invalid_grant'), 'user_not_found'],
    ['a provider that is down', [503, {}], 'provider_unavailable'],
  ])('%s: page, redirect, log and app show the cause', async (_, said, problem) => {
    const id = await newApp()
    answer = said
    const { page } = await consent(id)
    await shows(page, problem)
    await isToldTo(id, problem)
  })
})

describe('a callback without a code', () => {
  const numbered = (code: number, error: string) => ({
    error,
    error_description: `AADSTS${code}: Something. Trace ID: x`,
  })
  it.each<[string, object, ConsentProblem]>([
    ['a user who refused', { error: 'access_denied' }, 'access_denied'],
    ['a user who refused at Microsoft', numbered(65004, 'access_denied'), 'access_denied'],
    ['an administrator who is needed', numbered(90094, 'access_denied'), 'admin_consent_required'],
    ['one in other words', { error: 'consent_required' }, 'admin_consent_required'],
    ['a user who is not assigned', numbered(50105, 'access_denied'), 'user_not_assigned'],
    ['a blocked tenant', numbered(500021, 'access_denied'), 'tenant_blocked'],
    ['a device that is not managed', numbered(53000, 'access_denied'), 'policy_blocked'],
    ["a policy of Google's customer", { error: 'admin_policy_enforced' }, 'policy_blocked'],
    ['a second factor', { error: 'interaction_required' }, 'mfa_required'],
    ['unknown scopes', { error: 'invalid_scope' }, 'invalid_scope'],
    ['a client that may not', { error: 'unauthorized_client' }, 'unauthorized_client'],
    ['a wrong request', { error: 'invalid_request' }, 'misconfigured'],
    ['an unknown tenant', numbered(90002, 'invalid_request'), 'unknown_tenant'],
    ['a provider that is down', { error: 'temporarily_unavailable' }, 'provider_unavailable'],
  ])('%s: page, redirect, log and app name who is responsible', async (_, said, problem) => {
    const id = await newApp()
    const { page } = await consent(id, said)
    await shows(page, problem)
    await isToldTo(id, problem)
  })

  it('an unknown error code is shown, and nothing else of the callback', async () => {
    const { page } = await consent(await newApp(), { error: 'moon_phase', error_description: 'secret text' })
    await shows(page, 'provider_refused', { word: 'moon_phase' })
    expect(page.html).not.toContain('secret text')
  })
})

describe('where the provider agrees, and it comes to nothing here', () => {
  const remove = (id: string) => scene.cluster.request(`app.delete.${id}`, {})
  const disable = (id: string) => scene.cluster.ask('PUT', `/v1/oauth2/${id}`, { body: { enabled: false } })
  const mismatch = { known: 'alice@example.com', now: '?' }

  it.each<[string, (id: string) => Promise<Page>, ConsentProblem, Values?]>([
    [
      'permissions that the person left out',
      (id) => {
        answer = [200, { ...granted[1], scope: 'offline_access' }]
        return comesBack(id)
      },
      'missing_scopes',
      { details: 'https://outlook.office.com/IMAP.AccessAsUser.All, https://outlook.office.com/SMTP.Send' },
    ],
    [
      'another person than is expected',
      (id) => comesBack(id, { expectedEmail: mismatch.known }),
      'identity_mismatch',
      mismatch,
    ],
    [
      'an app that is deleted while the person is at the provider',
      (id) => comesBack(id, {}, () => remove(id)),
      'unknown_app',
    ],
    [
      'an app that is disabled while the person is at the provider',
      (id) => comesBack(id, {}, () => disable(id)),
      'app_disabled',
    ],
    [
      'an app that is deleted while the code is redeemed',
      (id) => {
        redeeming = () => remove(id)
        return comesBack(id)
      },
      'not_stored',
    ],
  ])('%s: page, redirect, metric, and nothing is stored', async (_, act, problem, values) => {
    const id = await newApp()
    const page = await act(id)
    await shows(page, problem, values)
    expect(await app(id)).not.toHaveProperty('inQuestion')
    expect(await scene.cluster.request(`account.get.of-${id}`)).toMatchObject({ error: 'account_not_found' })
  })

  it.each<[string, (id: string) => Promise<unknown>, ConsentProblem]>([
    ['deleted', remove, 'unknown_app'],
    ['disabled', disable, 'app_disabled'],
  ])('a link to the consent of an app that was %s leads nowhere', async (_, act, problem) => {
    const id = await newApp()
    const form = await scene.formFor({ account: `of-${id}`, type: id })
    await act(id)
    const page = await scene.browser()(form)
    expect(page.html).toContain(say(`consent.${problem}.title`))
    expect(page.status).toBe(problemOf(problem).status)
  })

  it('no consent is begun for an app that is disabled', async () => {
    const id = await newApp()
    await disable(id)
    const body = { account: `of-${id}`, type: id, redirectUrl: 'http://caller.example/done' }
    expect(await scene.cluster.ask('POST', '/v1/authentication/form', { body })).toMatchObject({
      status: 403,
      body: { error: 'app_disabled', code: 'AppDisabled' },
    })
  })
})

it('inQuestion is shown until a consent succeeds', async () => {
  const id = await newApp()
  answer = microsoft(90002, 'invalid_request')
  await consent(id)
  expect(await app(id)).toMatchObject({ lastError: { reason: 'unknown_tenant' } })
  answer = granted
  expect((await consent(id)).page.location).toContain('state=new')
  expect(await app(id)).not.toHaveProperty('inQuestion')
})

it('inQuestion is shown until the app is put', async () => {
  const id = await newApp()
  await consent(id, { error: 'invalid_scope' })
  expect(await app(id)).toMatchObject({ inQuestion: true, lastError: { reason: 'invalid_scope' } })
  await scene.cluster.request(`app.secret.add.${id}`, { secret: 'another' })
  expect(await app(id)).not.toHaveProperty('inQuestion')
})

it('a code is sent again with the next secret if one is refused', async () => {
  await using picky = await startPlainProvider({
    answer: ({ form }) => (form.client_secret === 'good' ? granted : [401, { error: 'invalid_client' }]),
  })
  const secrets = [{ secret: 'bad' }, { secret: 'good' }]
  const tokenUrl = `${picky.origin}/token`
  const id = await newApp({ clientSecret: undefined, secrets, tokenUrl })
  expect((await consent(id)).page.location).toContain('state=new')
})

describe('a consent that requires an administrator', () => {
  it('the page links to the tenant’s admin consent, which returns to it', async () => {
    const id = await newApp()
    const { open, page, url } = await consent(id, { error: 'consent_required' })
    const links = [...page.html.matchAll(/<a href="([^"]+)"/g)].map(([, to = '']) =>
      to.replaceAll('&amp;', '&'),
    )
    const admin = new URL(links[0] as string)
    expect(admin.pathname).toBe('/organizations/v2.0/adminconsent')
    expect(Object.fromEntries(admin.searchParams)).toMatchObject({
      client_id: 'client',
      redirect_uri: 'http://127.0.0.1/oauth',
      state: url.searchParams.get('state'),
      scope: expect.stringContaining('openid'),
    })
    const agreed = `http://127.0.0.1/oauth?admin_consent=True&tenant=t&state=${admin.searchParams.get('state')}`
    // An administrator elsewhere connects nothing.
    const elsewhere = await scene.browser()(agreed)
    expect(elsewhere).toMatchObject({ status: 200, location: null })
    expect(elsewhere.html).toContain('An administrator has agreed')
    expect(await scene.cluster.request(`account.get.of-${id}`)).toMatchObject({ error: 'account_not_found' })

    const onward = await open(agreed)
    expect(onward.location).toMatch(/^\/oauth\/start\?ticket=/)
    const again = await open(new URL(onward.location as string, scene.cluster.url))
    const back = await open(again.location as string)
    expect((await open(back.location as string)).location).toContain('state=new')
  })
})

it('each error code of the table has its texts', () => {
  for (const word of Object.keys(problems) as ConsentProblem[]) {
    for (const key of [`consent.${word}.text`, `consent.${problemOf(word).title ?? word}.title`])
      expect(say(key)).not.toBe(key)
  }
})
