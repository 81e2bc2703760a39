import { describe, expect, it } from 'vitest'
import { type ConsentProblem, problemOf } from '../../src/consent/problems.ts'
import type { Page } from '../support/browser.ts'
import { granted, say, useConsentFaults, type Values } from './consent-fault-scene.ts'

const faults = useConsentFaults()
const { token, newApp, app, comesBack, consent, shows } = faults

describe('a consent that fails after the user has agreed', () => {
  const remove = (id: string) => faults.scene().cluster.request(`app.delete.${id}`, {})
  const disable = (id: string) =>
    faults.scene().cluster.ask('PUT', `/v1/oauth2/${id}`, { body: { enabled: false } })
  const mismatch = { known: 'alice@example.com' }

  it.each<[string, (id: string) => Promise<Page>, ConsentProblem, Values?]>([
    [
      'permissions that were not granted',
      (id) => {
        token.answer = [200, { ...granted[1], scope: 'offline_access' }]
        return comesBack(id)
      },
      'missing_scopes',
      { details: 'https://outlook.office.com/IMAP.AccessAsUser.All, https://outlook.office.com/SMTP.Send' },
    ],
    [
      'another user than expected',
      (id) => comesBack(id, { expectedEmail: mismatch.known }),
      'identity_mismatch',
      mismatch,
    ],
    [
      'an app that is deleted before the callback',
      (id) => comesBack(id, {}, () => remove(id)),
      'unknown_app',
    ],
    [
      'an app that is disabled before the callback',
      (id) => comesBack(id, {}, () => disable(id)),
      'app_disabled',
    ],
    [
      'an app that is deleted while the code is redeemed',
      (id) => {
        token.redeeming = () => remove(id)
        return comesBack(id)
      },
      'not_stored',
    ],
  ])(
    '%s: is shown on the page, in the redirect and in the metric, and nothing is stored',
    async (_, act, problem, values) => {
      const id = await newApp()
      const page = await act(id)
      await shows(page, problem, values, problem === 'identity_mismatch' ? 'identity_unknown' : problem)
      expect(await app(id)).not.toHaveProperty('inQuestion')
      expect(await faults.scene().cluster.request(`account.get.of-${id}`)).toMatchObject({
        error: 'account_not_found',
      })
    },
  )

  it.each<[string, (id: string) => Promise<unknown>, ConsentProblem]>([
    ['deleted', remove, 'unknown_app'],
    ['disabled', disable, 'app_disabled'],
  ])('a consent link of an app that was %s shows the reason', async (_, act, problem) => {
    const id = await newApp()
    const form = await faults.scene().formFor({ account: `of-${id}`, type: id })
    await act(id)
    const page = await faults.scene().browser()(form)
    expect(page.html).toContain(say(`consent.${problem}.title`))
    expect(page.status).toBe(problemOf(problem).status)
  })

  it('no consent is started for a disabled app', async () => {
    const id = await newApp()
    await disable(id)
    const body = { account: `of-${id}`, type: id, redirectUrl: 'http://caller.example/done' }
    expect(await faults.scene().cluster.ask('POST', '/v1/authentication/form', { body })).toMatchObject({
      status: 403,
      body: { error: 'app_disabled', code: 'AppDisabled' },
    })
  })
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
    const elsewhere = await faults.scene().browser()(agreed)
    expect(elsewhere).toMatchObject({ status: 200, location: null })
    expect(elsewhere.html).toContain('An administrator has agreed')
    expect(await faults.scene().cluster.request(`account.get.of-${id}`)).toMatchObject({
      error: 'account_not_found',
    })

    const onward = await open(agreed)
    expect(onward.location).toMatch(/^\/oauth\/start\?ticket=/)
    const again = await open(new URL(onward.location as string, faults.scene().cluster.url))
    const back = await open(again.location as string)
    expect((await open(back.location as string)).location).toContain('state=new')
  })
})

describe('the brand of an app', () => {
  const logoUrl = 'https://cdn.example.com/logo.svg?size=2'
  const imagesFrom = ({ headers }: Page) =>
    /img-src ([^;]*)/.exec(headers.get('content-security-policy') ?? '')?.[1]

  it('is shown on a page of its consent: the name, and the logo, for which images of its origin are allowed', async () => {
    const id = await newApp({ name: 'Mail & <more>', logoUrl })
    const page = await comesBack(id, { expectedEmail: 'alice@example.com' })
    expect(page.html).toContain(`<img class="logo" src="${logoUrl}" alt="">Mail &amp; &lt;more&gt;`)
    expect(imagesFrom(page)).toBe("'self' https://cdn.example.com")
  })

  it('is the id of an app without a name, and without a logo no foreign image is allowed', async () => {
    const id = await newApp()
    const page = await comesBack(id, { expectedEmail: 'alice@example.com' })
    expect(page.html).toContain(`<p class="brand">${id}</p>`)
    expect(imagesFrom(page)).toBe("'self'")
  })

  it('is shown where the user chooses an app', async () => {
    const id = await newApp({ name: 'With a logo', logoUrl })
    const { scene } = faults
    const page = await scene().browser()(await scene().formFor({ account: 'chooser', type: undefined }))
    expect(page.html).toMatch(new RegExp(`app=${id}"><img class="logo"[^>]*>With a logo`))
    expect(imagesFrom(page)).toBe("'self' https://cdn.example.com")
  })

  it.each(['http://cdn.example.com/logo.png', 'data:image/png;base64,AA==', 'logo.png'])(
    'is refused with the logo %s',
    async (other) => {
      const put = { provider: 'gmail', clientId: 'c', clientSecret: 's', logoUrl: other }
      expect(await faults.scene().cluster.request('app.put.branded', put)).toMatchObject({
        error: 'bad_request',
        message: expect.stringContaining('logoUrl: must be an https URL'),
      })
    },
  )
})
