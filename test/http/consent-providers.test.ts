import { describe, expect, it } from 'vitest'
import { oidOf } from '../support/stand-ins/microsoft.ts'
import { wayBack } from './consent-scene.ts'
import { alice, bob, useIdentityScene } from './identity-scene.ts'

const { scene, google, microsoft, putApp, account } = useIdentityScene()

describe('a retry after another user signed in', () => {
  async function promptAfter(app: string, withoutMismatch = false): Promise<string | null> {
    const open = scene().browser()
    const form = { account: `chosen-${app}`, type: app, expectedEmail: withoutMismatch ? bob : alice }
    const page = new URL((await open(await scene().formFor(form))).location as string)
    page.searchParams.set('login_hint', bob)
    const back = await open(page)
    const end = await open(back.location as string)
    if (withoutMismatch) return page.searchParams.get('prompt')
    expect(wayBack(end).get('error')).toBe('identity_mismatch')
    const [again] = /\/oauth\/start\?ticket=[\w-]+/.exec(end.html) ?? []
    const onward = new URL((await open(new URL(again as string, scene().cluster.url))).location as string)
    expect(onward.searchParams.get('login_hint')).toBe(alice)
    return onward.searchParams.get('prompt')
  }

  it.each([
    ['prompts for another account at Google', 'google', 'consent select_account'],
    ['prompts for another account at Microsoft', 'outlook', 'select_account'],
    ['requires a new sign-in at any other OpenID Connect server', 'other', 'consent login'],
  ])('%s', async (_, app, prompt) => {
    const { authorizeUrl, tokenUrl } = google()
    await putApp('other', { provider: 'oidc', issuer: undefined, authorizeUrl, tokenUrl }, google())
    expect(await promptAfter(app)).toBe(prompt)
  })

  it('does not change the prompt of the first attempt', async () => {
    expect(await promptAfter('google', true)).toBe('consent')
  })
})

describe("the form's e-mail", () => {
  it('is a hint, and not the identity', async () => {
    await scene().visit({ account: 'hinted', app: 'google', as: bob, form: { email: alice } })
    expect(await account('hinted')).toMatchObject({ user: bob, signedInAs: bob })
  })

  it('may be a shared mailbox at Microsoft, and signedInAs is the user who signed in', async () => {
    const mailbox = 'support@example.com'
    const visit = (as: string, form: object = {}) =>
      scene().visit({ account: 'shared', app: 'outlook', as, form })
    expect(wayBack(await visit(alice, { email: mailbox })).get('state')).toBe('new')
    expect(await account('shared')).toMatchObject({ user: mailbox, signedInAs: alice, missingScopes: [] })
    expect(wayBack(await visit(bob, { email: mailbox })).get('error')).toBe('identity_mismatch')
    expect(wayBack(await visit(alice)).get('state')).toBe('existing')
    expect(await account('shared')).toMatchObject({ user: mailbox, signedInAs: alice })
    await visit(bob, { allowOtherUser: true })
    expect(await account('shared')).toMatchObject({ user: mailbox, signedInAs: bob })
  })
})

describe('consent at Microsoft', () => {
  it('requests the identity, and reads it from the ID token', async () => {
    const open = scene().browser()
    const { location } = await open(await scene().formFor({ account: 'asked', type: 'outlook' }))
    const asked = new URL(location as string).searchParams
    expect(asked.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['openid', 'email', 'profile', 'offline_access']),
    )
    expect(asked.has('nonce')).toBe(true)
    await scene().visit({ account: 'asked', app: 'outlook', as: alice })
    expect(await account('asked')).toMatchObject({ user: alice, signedInAs: alice, missingScopes: [] })
  })

  it('identifies a user by tenant and object id, also for another client', async () => {
    await scene().visit({ account: 'moved', app: 'outlook', as: alice })
    await putApp('outlook-2', { provider: 'outlook' }, microsoft())
    const again = await scene().visit({ account: 'moved', app: 'outlook-2', as: bob })
    expect(wayBack(again).get('error')).toBe('identity_mismatch')
    expect(oidOf(alice)).not.toBe(oidOf(bob))
    expect(wayBack(await scene().visit({ account: 'moved', app: 'outlook-2', as: alice })).get('state')).toBe(
      'existing',
    )
  })
})

it('both issuer names of Google are accepted', async () => {
  google().signsWithoutScheme()
  await scene().visit({ account: 'bare', app: 'google', as: alice })
  expect(await account('bare')).toMatchObject({ user: alice, subject: google().subjectOf(alice) })
})
