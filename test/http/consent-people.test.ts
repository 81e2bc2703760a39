import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GoogleStandIn, startGoogle } from '../support/stand-ins/google.ts'
import { type MicrosoftStandIn, oidOf, startMicrosoft } from '../support/stand-ins/microsoft.ts'
import { type ConsentScene, startConsentScene, wayBack } from './consent-scene.ts'

let scene: ConsentScene
let google: GoogleStandIn
let microsoft: MicrosoftStandIn

beforeAll(async () => {
  google = await startGoogle()
  microsoft = await startMicrosoft()
  scene = await startConsentScene()
  await putApp('google', { provider: 'gmail', issuer: 'https://accounts.google.com' }, google)
  await putApp('outlook', { provider: 'outlook' }, microsoft)
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await google[Symbol.asyncDispose]()
  await microsoft[Symbol.asyncDispose]()
})

type StandIn = Pick<GoogleStandIn, 'client' | 'authorizeUrl' | 'tokenUrl'>

async function putApp(app: string, settings: object, { client, authorizeUrl, tokenUrl }: StandIn) {
  const put = { authorizeUrl, tokenUrl, clientId: client.id, clientSecret: client.secret, ...settings }
  expect(await scene.cluster.request(`app.put.${app}`, put)).toMatchObject({ app })
}

const account = (id: string) => scene.cluster.request(`account.get.${id}`)

/** The user of the token that a reader gets now: the stand-in's tokens name it. */
async function reader(id: string): Promise<string> {
  const { accessToken } = await scene.cluster.request(`token.get.${id}`, {})
  return JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url').toString()).user
}

const alice = 'alice@example.com'
const bob = 'bob@example.com'

describe('after another person has signed in, the way to try again', () => {
  async function promptAfter(app: string, withoutMismatch = false): Promise<string | null> {
    const open = scene.browser()
    const form = { account: `chosen-${app}`, type: app, expectedEmail: withoutMismatch ? bob : alice }
    const page = new URL((await open(await scene.formFor(form))).location as string)
    page.searchParams.set('login_hint', bob)
    const back = await open(page)
    const end = await open(back.location as string)
    if (withoutMismatch) return page.searchParams.get('prompt')
    expect(wayBack(end).get('error')).toBe('identity_mismatch')
    const [again] = /\/oauth\/start\?ticket=[\w-]+/.exec(end.html) ?? []
    const onward = new URL((await open(new URL(again as string, scene.cluster.url))).location as string)
    expect(onward.searchParams.get('login_hint')).toBe(alice)
    return onward.searchParams.get('prompt')
  }

  it.each([
    ['Google has the account chosen', 'google', 'consent select_account'],
    ['Microsoft has, as ever', 'outlook', 'select_account'],
    ['any other OpenID Connect server has them sign in anew', 'other', 'consent login'],
  ])('%s', async (_, app, prompt) => {
    const { authorizeUrl, tokenUrl } = google
    await putApp('other', { provider: 'oidc', issuer: undefined, authorizeUrl, tokenUrl }, google)
    expect(await promptAfter(app)).toBe(prompt)
  })

  it('nobody is made to choose before', async () => {
    expect(await promptAfter('google', true)).toBe('consent')
  })
})

describe('two users and one account', () => {
  type Step = readonly [
    who: string,
    allowed: boolean,
    end: 'new' | 'existing' | 'identity_mismatch',
    owner: string,
  ]
  it.each<readonly [string, readonly Step[]]>([
    [
      'refused, then connected again',
      [
        [alice, false, 'new', alice],
        [bob, false, 'identity_mismatch', alice],
        [alice, false, 'existing', alice],
      ],
    ],
    [
      'connected again, then refused',
      [
        [alice, false, 'new', alice],
        [alice, false, 'existing', alice],
        [bob, false, 'identity_mismatch', alice],
      ],
    ],
    [
      'changed, and then the first is refused',
      [
        [alice, false, 'new', alice],
        [bob, true, 'existing', bob],
        [alice, false, 'identity_mismatch', bob],
        [bob, false, 'existing', bob],
      ],
    ],
    [
      'refused, then changed, and changed back',
      [
        [alice, false, 'new', alice],
        [bob, false, 'identity_mismatch', alice],
        [bob, true, 'existing', bob],
        [alice, true, 'existing', alice],
      ],
    ],
  ])("%s: readers get the current user's token at each step", async (title, steps) => {
    const id = title.replace(/\W+/g, '-')
    for (const [as, allowOtherUser, end, owner] of steps) {
      const before = await account(id)
      const page = await scene.visit({ account: id, app: 'google', as, form: { allowOtherUser } })
      const back = wayBack(page)
      expect(back.get('error') ?? back.get('state')).toBe(end)
      const after = await account(id)
      if (end === 'identity_mismatch') {
        expect(after).toEqual(before)
        expect(page).toMatchObject({ status: 403, html: expect.stringContaining(alice) })
        expect(page.html).toContain(bob)
      }
      expect(after).toMatchObject({ state: 'valid', user: owner, subject: google.subjectOf(owner) })
      expect(await reader(id)).toBe(owner)
    }
  })

  it('account.user-changed is published if the user changes, and only then', async () => {
    const { nats } = scene.cluster
    const heard: Record<string, unknown>[] = []
    for (const type of ['account.user-changed', 'token.refreshed'])
      nats.subscribe(`${type}.passed-on`, { callback: (_, message) => heard.push(message.json()) })
    const visit = (as: string, form: object) => scene.visit({ account: 'passed-on', app: 'google', as, form })
    await visit(alice, {})
    await visit(alice, { allowOtherUser: true })
    await visit(bob, { allowOtherUser: true })
    await expect.poll(() => heard.length).toBeGreaterThan(3)
    const changed = { account: 'passed-on', user: bob, previousUser: alice }
    expect(heard.filter(({ previousUser }) => previousUser !== undefined)).toMatchObject([
      { type: 'account.user-changed', state: 'valid', signedInAs: bob, ...changed },
      { type: 'token.refreshed', ...changed },
    ])
  })

  it('of two concurrent consents one succeeds', async () => {
    const ends = await Promise.all(
      [alice, bob].map((as) => scene.visit({ account: 'raced', app: 'google', as })),
    )
    const owner = (await account('raced')).user
    const words = ends.map((page) => wayBack(page)).map((back) => back.get('error') ?? back.get('state'))
    expect(words.sort()).toEqual(['identity_mismatch', 'new'])
    expect(await reader('raced')).toBe(owner)
  })
})

describe('an account that was put without a subject', () => {
  const put = (id: string, user: string) =>
    scene.cluster.request(`account.put.${id}`, {
      app: 'google',
      user,
      refreshToken: `of ${id}`,
      accessToken: 'known',
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    })

  it('is compared by address, and by subject after the first consent', async () => {
    await put('put', 'Alice@Example.com')
    expect(wayBack(await scene.visit({ account: 'put', app: 'google', as: bob })).get('error')).toBe(
      'identity_mismatch',
    )
    expect(await account('put')).toMatchObject({ user: 'Alice@Example.com', generation: 1 })
    expect(wayBack(await scene.visit({ account: 'put', app: 'google', as: alice })).get('state')).toBe(
      'existing',
    )
    expect(await account('put')).toMatchObject({ subject: google.subjectOf(alice), signedInAs: alice })
  })

  it('is connected by any user if it has no address', async () => {
    await put('nameless', 'mailbox 7')
    await scene.visit({ account: 'nameless', app: 'google', as: bob })
    expect(await account('nameless')).toMatchObject({ user: bob, subject: google.subjectOf(bob) })
  })

  it('rejects another user in a put with allowOtherUser: false', async () => {
    await put('held', alice)
    const other = { app: 'google', user: bob, refreshToken: 'of bob' }
    expect(
      await scene.cluster.request('account.put.held', { ...other, allowOtherUser: false }),
    ).toMatchObject({
      error: 'conflict',
      reason: 'identity_mismatch',
      user: alice,
    })
    expect(await scene.cluster.request('account.put.held', other)).toMatchObject({ user: bob })
  })
})

describe('expectedEmail', () => {
  const visit = (account: string, as: string, expectedEmail: string) =>
    scene.visit({ account, app: 'google', as, form: { expectedEmail } })

  it('is compared case-insensitively', async () => {
    expect(wayBack(await visit('expected', alice, 'ALICE@example.com')).get('state')).toBe('new')
  })

  it('rejects another user, also for a new account', async () => {
    const page = await visit('unexpected', bob, alice)
    expect(wayBack(page).get('error')).toBe('identity_mismatch')
    expect(wayBack(page).get('error_description')).toContain('another user')
    expect(page.html).toMatch(/bob@example.com.*alice@example.com/s)
    expect(await account('unexpected')).toMatchObject({ error: 'account_not_found' })
  })
})

describe("the form's e-mail", () => {
  it('is a hint, and not the identity', async () => {
    await scene.visit({ account: 'hinted', app: 'google', as: bob, form: { email: alice } })
    expect(await account('hinted')).toMatchObject({ user: bob, signedInAs: bob })
  })

  it('may be a shared mailbox at Microsoft, and signedInAs is the user who signed in', async () => {
    const mailbox = 'support@example.com'
    const visit = (as: string, form: object = {}) =>
      scene.visit({ account: 'shared', app: 'outlook', as, form })
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
    const open = scene.browser()
    const { location } = await open(await scene.formFor({ account: 'asked', type: 'outlook' }))
    const asked = new URL(location as string).searchParams
    expect(asked.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['openid', 'email', 'profile', 'offline_access']),
    )
    expect(asked.has('nonce')).toBe(true)
    await scene.visit({ account: 'asked', app: 'outlook', as: alice })
    expect(await account('asked')).toMatchObject({ user: alice, signedInAs: alice, missingScopes: [] })
  })

  it('identifies a user by tenant and object id, also for another client', async () => {
    await scene.visit({ account: 'moved', app: 'outlook', as: alice })
    await putApp('outlook-2', { provider: 'outlook' }, microsoft)
    const again = await scene.visit({ account: 'moved', app: 'outlook-2', as: bob })
    expect(wayBack(again).get('error')).toBe('identity_mismatch')
    expect(oidOf(alice)).not.toBe(oidOf(bob))
    expect(wayBack(await scene.visit({ account: 'moved', app: 'outlook-2', as: alice })).get('state')).toBe(
      'existing',
    )
  })
})

it('both issuer names of Google are accepted', async () => {
  google.signsWithoutScheme()
  await scene.visit({ account: 'bare', app: 'google', as: alice })
  expect(await account('bare')).toMatchObject({ user: alice, subject: google.subjectOf(alice) })
})
