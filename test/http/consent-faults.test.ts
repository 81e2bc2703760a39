import { describe, expect, it } from 'vitest'
import { type ConsentProblem, problemOf, problems } from '../../src/consent/problems.ts'
import { type PlainAnswer, startPlainProvider } from '../support/plain-provider.ts'
import { granted, microsoft, say, useConsentFaults } from './consent-fault-scene.ts'

const faults = useConsentFaults()
const { token, newApp, app, consent, shows, isShownOn } = faults

describe('a failed code exchange', () => {
  it.each<[string, PlainAnswer, ConsentProblem]>([
    ['a wrong secret', microsoft(7000215, 'invalid_client', 401), 'client_secret_wrong'],
    ['an expired secret', microsoft(7000222, 'invalid_client', 401), 'client_secret_expired'],
    ['a wrong secret (RFC 6749)', [401, { error: 'invalid_client' }], 'client_secret_wrong'],
    ['another redirect URL', microsoft(50011, 'invalid_client'), 'redirect_mismatch'],
    ['another redirect URL at Google', [400, { error: 'redirect_uri_mismatch' }], 'redirect_mismatch'],
    ['an unknown tenant', microsoft(90002, 'invalid_request'), 'unknown_tenant'],
    ['a public client', microsoft(700025, 'invalid_client', 401), 'wrong_platform'],
    ['a missing secret', microsoft(7000218, 'invalid_client', 401), 'wrong_platform'],
    ['a single-page application', microsoft(9002327, 'invalid_request'), 'wrong_platform'],
    ['an unknown app', microsoft(700016, 'unauthorized_client'), 'app_not_found'],
    ['a used code', microsoft(54005, 'invalid_grant'), 'code_spent'],
    ['an expired code', microsoft(70008, 'invalid_grant'), 'code_spent'],
    ['a used code (RFC 6749)', [400, { error: 'invalid_grant' }], 'code_spent'],
    ['unknown scopes', [400, { error: 'invalid_scope' }], 'invalid_scope'],
    ['a client that is not authorized', [400, { error: 'unauthorized_client' }], 'unauthorized_client'],
    ['admin consent required', microsoft(90094, 'invalid_grant'), 'admin_consent_required'],
    ['no consent in the tenant', microsoft(65001, 'invalid_grant'), 'admin_consent_required'],
    ['a user who is not assigned', microsoft(50105, 'invalid_grant'), 'user_not_assigned'],
    ['a blocked tenant', microsoft(500021, 'access_denied'), 'tenant_blocked'],
    ['a device that is not managed', microsoft(53000, 'interaction_required'), 'policy_blocked'],
    ['a required second factor', microsoft(50076, 'interaction_required'), 'mfa_required'],
    ['a disabled user', microsoft(50057, 'invalid_grant'), 'user_blocked'],
    ['a user of another tenant', microsoft(50020, 'invalid_grant'), 'user_not_found'],
    ['an unavailable provider', [503, {}], 'provider_unavailable'],
  ])('%s: page, redirect, log and app show the cause', async (_, said, problem) => {
    const id = await newApp()
    token.answer = said
    const { page } = await consent(id)
    await shows(page, problem)
    await isShownOn(id, problem)
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
    ['admin consent required, another error code', { error: 'consent_required' }, 'admin_consent_required'],
    ['a user who is not assigned', numbered(50105, 'access_denied'), 'user_not_assigned'],
    ['a blocked tenant', numbered(500021, 'access_denied'), 'tenant_blocked'],
    ['a device that is not managed', numbered(53000, 'access_denied'), 'policy_blocked'],
    ['a policy of a Google customer', { error: 'admin_policy_enforced' }, 'policy_blocked'],
    ['a second factor', { error: 'interaction_required' }, 'mfa_required'],
    ['unknown scopes', { error: 'invalid_scope' }, 'invalid_scope'],
    ['a client that may not', { error: 'unauthorized_client' }, 'unauthorized_client'],
    ['an invalid request', { error: 'invalid_request' }, 'misconfigured'],
    ['an unknown tenant', numbered(90002, 'invalid_request'), 'unknown_tenant'],
    ['a provider that is down', { error: 'temporarily_unavailable' }, 'provider_unavailable'],
  ])('%s: page, redirect, log and app show the cause', async (_, said, problem) => {
    const id = await newApp()
    const { page } = await consent(id, said)
    await shows(page, problem)
    await isShownOn(id, problem)
  })

  it('an unknown error code is shown, and nothing else of the callback', async () => {
    const { page } = await consent(await newApp(), { error: 'moon_phase', error_description: 'secret text' })
    await shows(page, 'provider_refused', { word: 'moon_phase' })
    expect(page.html).not.toContain('secret text')
  })
})

it('inQuestion is shown until a consent succeeds', async () => {
  const id = await newApp()
  token.answer = microsoft(90002, 'invalid_request')
  await consent(id)
  expect(await app(id)).toMatchObject({ lastError: { reason: 'unknown_tenant' } })
  token.answer = granted
  expect((await consent(id)).page.location).toContain('state=new')
  expect(await app(id)).not.toHaveProperty('inQuestion')
})

it('inQuestion is shown until the app is put', async () => {
  const id = await newApp()
  await consent(id, { error: 'invalid_scope' })
  expect(await app(id)).toMatchObject({ inQuestion: true, lastError: { reason: 'invalid_scope' } })
  await faults.scene().cluster.request(`app.secret.add.${id}`, { secret: 'another' })
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

it('each error code of the table has its texts', () => {
  for (const word of Object.keys(problems) as ConsentProblem[]) {
    for (const key of [`consent.${word}.text`, `consent.${problemOf(word).title ?? word}.title`])
      expect(say(key)).not.toBe(key)
  }
})
