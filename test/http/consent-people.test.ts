import { describe, expect, it } from 'vitest'
import { wayBack } from './consent-scene.ts'
import { alice, bob, useIdentityScene } from './identity-scene.ts'

const { scene, google, account, reader } = useIdentityScene()

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
      const page = await scene().visit({ account: id, app: 'google', as, form: { allowOtherUser } })
      const back = wayBack(page)
      expect(back.get('error') ?? back.get('state')).toBe(end)
      const after = await account(id)
      if (end === 'identity_mismatch') {
        expect(after).toEqual(before)
        expect(page).toMatchObject({ status: 403, html: expect.stringContaining(alice) })
        expect(page.html).toContain(bob)
      }
      expect(after).toMatchObject({ state: 'valid', user: owner, subject: google().subjectOf(owner) })
      expect(await reader(id)).toBe(owner)
    }
  })

  it('account.user-changed is published if the user changes, and only then', async () => {
    const { nats } = scene().cluster
    const heard: Record<string, unknown>[] = []
    for (const type of ['account.user-changed', 'token.refreshed'])
      nats.subscribe(`${type}.passed-on`, { callback: (_, message) => heard.push(message.json()) })
    const visit = (as: string, form: object) =>
      scene().visit({ account: 'passed-on', app: 'google', as, form })
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
      [alice, bob].map((as) => scene().visit({ account: 'raced', app: 'google', as })),
    )
    const owner = (await account('raced')).user
    const words = ends.map((page) => wayBack(page)).map((back) => back.get('error') ?? back.get('state'))
    expect(words.sort()).toEqual(['identity_mismatch', 'new'])
    expect(await reader('raced')).toBe(owner)
  })
})

describe('an account that was put without a subject', () => {
  const put = (id: string, user: string) =>
    scene().cluster.request(`account.put.${id}`, {
      app: 'google',
      user,
      refreshToken: `of ${id}`,
      accessToken: 'known',
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    })

  it('is compared by address, and by subject after the first consent', async () => {
    await put('put', 'Alice@Example.com')
    expect(wayBack(await scene().visit({ account: 'put', app: 'google', as: bob })).get('error')).toBe(
      'identity_mismatch',
    )
    expect(await account('put')).toMatchObject({ user: 'Alice@Example.com', generation: 1 })
    expect(wayBack(await scene().visit({ account: 'put', app: 'google', as: alice })).get('state')).toBe(
      'existing',
    )
    expect(await account('put')).toMatchObject({ subject: google().subjectOf(alice), signedInAs: alice })
  })

  it('is connected by any user if it has no address', async () => {
    await put('nameless', 'mailbox 7')
    await scene().visit({ account: 'nameless', app: 'google', as: bob })
    expect(await account('nameless')).toMatchObject({ user: bob, subject: google().subjectOf(bob) })
  })

  it('rejects another user in a put with allowOtherUser: false', async () => {
    await put('held', alice)
    const other = { app: 'google', user: bob, refreshToken: 'of bob' }
    expect(
      await scene().cluster.request('account.put.held', { ...other, allowOtherUser: false }),
    ).toMatchObject({
      error: 'conflict',
      reason: 'identity_mismatch',
      user: alice,
    })
    expect(await scene().cluster.request('account.put.held', other)).toMatchObject({ user: bob })
  })
})

describe('expectedEmail', () => {
  const visit = (account: string, as: string, expectedEmail: string) =>
    scene().visit({ account, app: 'google', as, form: { expectedEmail } })

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
