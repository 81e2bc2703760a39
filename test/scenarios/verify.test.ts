import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import type { Reply } from '../support/nodes.ts'
import { setUpApp } from './set-up-app.ts'
import type { StageName } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const setUp = <N extends StageName>(stage: N, settings: object = {}) =>
  setUpApp({ tokenbus, stage, settings })

const outcomes = ({ steps }: Reply) => steps.map(({ step, ok }: Reply) => [step, ok])
const stepOf = ({ steps }: Reply, name: string) => steps.find(({ step }: Reply) => step === name)
const code = [
  ['configuration', true],
  ['redirect_uri', null],
]
const endpoint = ['token_endpoint', true]

const presets: [StageName, object, unknown[]][] = [
  ['gmail', {}, [...code, endpoint, ['credentials', true]]],
  [
    'gmailService',
    { user: 'alice@example.com' },
    [['configuration', true], endpoint, ['credentials', true], ['delegation', true]],
  ],
  ['outlook', {}, [...code, endpoint, ['credentials', true]]],
  ['outlookWithKey', {}, [...code, endpoint, ['credentials', true]]],
  ['outlookService', {}, [['configuration', true], endpoint, ['credentials', true]]],
  ['mailRu', {}, [...code, endpoint, ['credentials', true]]],
  ['plain', {}, [...code, endpoint, ['credentials', true]]],
  ['oidc', {}, [...code, ['discovery', true], endpoint, ['credentials', true]]],
]

describe.concurrent.each(presets)('%s', (stage, payload, steps) => {
  it('is verified step by step', async () => {
    await using scene = await setUp(stage)
    const found = await scene.verify(payload)
    expect(found).toMatchObject({ app: scene.app, ok: true })
    expect(outcomes(found)).toEqual(steps)
    expect(stepOf(found, 'credentials')).toMatchObject({ secret: scene.secrets[0]?.id })
  })
})

const wrongSecret = { clientSecret: 'hunter2-is-wrong' }
const rejected = 'client_rejected (HTTP 401, invalid_client)'
const wrongs: [StageName, string, string][] = [
  ['gmail', rejected, 'fix or rotate the client secret'],
  ['outlook', 'client_secret_wrong (HTTP 401, invalid_client, 7000215)', 'correct the client secret'],
  ['outlookService', 'client_secret_wrong (HTTP 401, invalid_client, 7000215)', 'correct the client secret'],
  ['mailRu', 'client_rejected (HTTP 401, invalid_client, 3)', 'fix or rotate the client secret'],
  ['plain', rejected, 'fix or rotate the client secret'],
  ['oidc', rejected, 'fix or rotate the client secret'],
]

describe.concurrent.each(wrongs)('%s with a wrong secret', (stage, words, action) => {
  it('is reported, and the app’s state does not change', async () => {
    await using scene = await setUp(stage, wrongSecret)
    const before = await tokenbus.request(`app.get.${scene.app}`)
    // Twice, from attempts to refresh, would be the end of it.
    const found = [await scene.verify(), await scene.verify(), await scene.verify()]
    for (const each of found) {
      expect(each.ok).toBe(false)
      const message = `secret ${scene.secrets[0]?.id}, no expiry known: ${words}`
      expect(each.steps.at(-1)).toEqual({
        step: 'credentials',
        ok: false,
        secret: scene.secrets[0]?.id,
        message,
        action,
      })
    }
    expect(JSON.stringify(found)).not.toContain('hunter2')
    expect(await tokenbus.request(`app.get.${scene.app}`)).toEqual(before)
    expect(tokenbus.count('app.secret-expired', scene.app)).toBe(0)
  })
})

describe('secrets', () => {
  it('are each tried, in order, with their remaining days', async () => {
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000 + 60_000).toISOString()
    await using scene = await setUp('outlook', {
      clientSecret: undefined,
      secrets: [
        { id: 'old', secret: 'ab8Q~made.up_secret', expiresAt: inDays(-1) },
        { id: 'new', secret: 'cd9Q~another.made_up', expiresAt: inDays(42) },
      ],
    })
    scene.standIn.secretExpires()
    const found = await scene.verify()
    expect(found.steps.filter(({ step }: Reply) => step === 'credentials')).toMatchObject([
      {
        secret: 'old',
        ok: false,
        message: expect.stringMatching(/^secret old, expired: client_secret_expired/),
      },
      {
        secret: 'new',
        ok: false,
        message: expect.stringMatching(/^secret new, 42 days left: client_secret_wrong/),
      },
    ])
    scene.standIn.secretIsAdded()
    expect(outcomes(await scene.verify()).slice(-2)).toEqual([
      ['credentials', false],
      ['credentials', true],
    ])
  })

  it('are reported as missing if the provider requires one', async () => {
    await using scene = await setUp('plain', { clientSecret: undefined })
    const found = await scene.verify()
    expect(stepOf(found, 'credentials')).toMatchObject({
      ok: false,
      message: 'without a secret: client_rejected (HTTP 400, invalid_client)',
    })
  })

  it('appear in no reply, nor do tokens', async () => {
    await using scene = await setUp('outlookService')
    const said = JSON.stringify(await scene.verify())
    expect(said).not.toContain(scene.standIn.client.secret)
    expect(said).not.toContain('at.')
  })

  it('are inconclusive if the provider checks only the token', async () => {
    await using scene = await setUp('outlook')
    scene.standIn.says({ status: 400, body: { error: 'invalid_grant', error_codes: [9002313] } })
    expect(await scene.verify()).toMatchObject({ ok: true })
    expect(stepOf(await scene.verify(), 'credentials')).toMatchObject({ ok: null })
  })
})

describe('a service account', () => {
  const user = 'alice@example.com'

  it('with a missing delegation is distinguished from one with an unknown user', async () => {
    await using scene = await setUp('gmailService')
    scene.standIn.delegationEnds(user)
    const found = await scene.verify({ user })
    expect(outcomes(found).slice(-2)).toEqual([
      ['credentials', true],
      ['delegation', false],
    ])
    expect(found.steps.at(-1)).toMatchObject({
      message: 'delegation_missing (HTTP 401, unauthorized_client)',
      action: expect.stringContaining('domain-wide delegation'),
    })
    scene.standIn.adminDelegates(user)
    const stranger = await scene.verify({ user: 'mallory@example.com' })
    expect(stranger.steps.at(-1)).toMatchObject({
      step: 'credentials',
      ok: false,
      message: expect.stringContaining('assertion_rejected'),
    })
  })

  it('with a wrong clock is reported', async () => {
    await using scene = await setUp('gmailService')
    scene.standIn.clock.advance({ hours: 2 })
    expect((await scene.verify({ user })).steps.at(-1)).toMatchObject({
      step: 'credentials',
      ok: false,
      message: expect.stringMatching(/clock_skew \(HTTP 400, invalid_grant\)$/),
    })
  })

  it('that the provider does not recognise is reported', async () => {
    await using scene = await setUp('gmailService')
    scene.standIn.says({ status: 400, body: { error: 'invalid_request' } })
    expect((await scene.verify({ user })).steps.at(-1)).toMatchObject({
      step: 'credentials',
      ok: false,
      message: expect.stringContaining('bad_service_account'),
    })
  })

  it('without a user is verified as far as possible', async () => {
    await using scene = await setUp('gmailService')
    const found = await scene.verify()
    expect(found.ok).toBe(true)
    expect(outcomes(found).slice(-2)).toEqual([
      ['credentials', true],
      ['delegation', null],
    ])
    // The domain has delegated, but not for this user; a wrong key gets the same error code.
    scene.standIn.adminDelegates('somebody@project.iam.gserviceaccount.com')
    expect(outcomes(await scene.verify()).slice(-2)).toEqual([
      ['credentials', null],
      ['delegation', null],
    ])
  })
})

it('a missing app is app_not_found', async () => {
  expect(await tokenbus.request('app.verify.nobody')).toMatchObject({ error: 'app_not_found' })
})
