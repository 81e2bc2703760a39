import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/contract/subject-token.ts'
import { hasChromium, startBrowser } from '../support/chromium.ts'
import { deadline, eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const title = hasChromium ? 'the page in a browser' : 'the page in a browser (skipped: no chromium here)'

describe.skipIf(!hasChromium)(title, () => {
  let cluster: HttpCluster
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    cluster = await startHttpCluster()
    for (const account of ['alice', 'bob', encodeId('<b>carol</b>')]) await cluster.connectAccount(account)
    browser = await startBrowser()
    page = await browser.newPage()
    page.setDefaultTimeout(deadline)
    await page.goto(cluster.url)
    await page.getByLabel('API token').fill(cluster.adminToken)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await cluster?.[Symbol.asyncDispose]()
  })

  const go = (hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`)

  it('exposes neither the API token nor access tokens to scripts', async () => {
    expect(await page.evaluate('document.cookie')).toBe('')
    const { accessToken } = await cluster.request('token.get.alice')
    const answers: string[] = []
    page.on('response', async (response) => answers.push(await response.text().catch(() => '')))
    await go('#/account/alice')
    await page.getByText('refresh.succeeded').or(page.getByText('account.authorized')).first().waitFor()
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.join()).not.toContain(accessToken)
  })

  it('shows a revocation with its action without a reload', async () => {
    await go('#/')
    await page.getByText('Nothing. All is well.').waitFor()
    cluster.sandbox.control.revoke('bob')
    await cluster.request('token.get.bob', { forceRefresh: true })
    await page.getByText('ask the user to reconnect').waitFor()
    await page.getByRole('link', { name: 'bob' }).waitFor()
  })

  it('gives a consent link for each of them in a file', async () => {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Consent links as CSV' }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe('consent-links-sandbox.csv')
    const [head, row = '', ...rest] = readFileSync(await file.path(), 'utf8').split('\r\n')
    expect(head).toBe('"account","user","app","reason","url"')
    expect(rest).toEqual([''])
    const cells = row.slice(1, -1).split('","')
    expect(cells.slice(0, 4)).toEqual(['bob', 'bob@example.com', 'sandbox', 'grant_revoked'])
    const link = new URL(cells[4] as string)
    const start = await fetch(link, { redirect: 'manual' })
    expect(start.status).toBe(302)
    expect(start.headers.get('location')).toContain(cluster.sandbox.url)
  })

  it('runs a consent from start to end, and returns to its start', async () => {
    await page.getByRole('link', { name: 'bob' }).click()
    await page.getByRole('button', { name: 'Connect bob again' }).click()
    await page.waitForURL(/account=bob/)
    await page.getByText('Nothing. All is well.').waitFor()
    expect(await cluster.request('account.get.bob')).toMatchObject({ state: 'valid' })
  })

  it('fixes an expired secret', async () => {
    cluster.sandbox.control.expireSecret()
    await cluster.request('token.get.alice', { forceRefresh: true })
    await page.getByText('the provider rejects its credentials').waitFor()
    await go('#/apps')
    await page.getByRole('link', { name: 'sandbox' }).click()
    const next = cluster.sandbox.control.newSecret()
    await page.getByLabel('New client secret of sandbox').fill(next.reveal())
    await page.getByRole('button', { name: 'Add secret' }).click()
    await page.locator('dd .state', { hasText: 'healthy' }).waitFor()
    expect(await page.content()).not.toContain(next.reveal())
  })

  it('shows what an app is in question for, what to do, and what that word means', async () => {
    const body = { account: 'dave', type: 'sandbox', redirectUrl: `${cluster.url}/oauth/connected` }
    const { body: form } = await cluster.ask('POST', '/v1/authentication/form', { body })
    const start = await fetch(form.url, { redirect: 'manual' })
    const state = new URL(start.headers.get('location') as string).searchParams.get('state')
    const cookie = start.headers.getSetCookie().map((each) => each.split(';')[0] as string)
    await fetch(`${cluster.url}/oauth?state=${state}&error=invalid_scope`, {
      headers: { cookie: cookie.join('; ') },
    })
    await go('#/')
    await go('#/app/sandbox')
    const fact = page.locator('dt', { hasText: 'Last error' }).locator('+ dd')
    await fact.getByText('correct the scopes of the app').waitFor()
    await fact.getByRole('link', { name: 'invalid_scope' }).click()
    await page.locator('#reason-invalid_scope').waitFor()
    await page.goto(`${cluster.url}/#/app/sandbox`)
  })

  it('switches an app off and on again', async () => {
    await page.getByRole('button', { name: 'Switch app off' }).click()
    await page.getByText('until it is switched on again').waitFor()
    await page.getByRole('button', { name: 'Switch app off' }).click()
    await page.getByRole('button', { name: 'Switch app on' }).waitFor()
    await page.getByRole('heading', { name: 'Connect an account' }).waitFor({ state: 'hidden' })
    expect(await cluster.request('token.get.alice')).toMatchObject({ error: 'app_disabled' })
    await go('#/apps')
    await page.getByRole('row', { name: 'sandbox' }).getByText('switched off').waitFor()
    await go('#/account/alice')
    await page.getByText('enable the app here').waitFor()
    await go('#/app/sandbox')
    await page.getByRole('button', { name: 'Switch app on' }).click()
    await page.getByRole('button', { name: 'Switch app off' }).waitFor()
    await page.getByRole('heading', { name: 'Connect an account' }).waitFor()
    expect(await cluster.request('token.get.alice')).toHaveProperty('accessToken')
  })

  it('verifies an app step by step, and keeps showing the result', async () => {
    await page.getByRole('button', { name: 'Verify sandbox' }).click()
    const found = page.getByRole('table', { name: 'Set-up of sandbox' })
    const step = (name: string) =>
      found.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
    // The old secret is refused, the new one is not.
    await step('credentials').filter({ hasText: 'failed' }).getByText('client_rejected').waitFor()
    await step('credentials').filter({ hasText: 'accepted' }).waitFor()
    await step('redirect uri').getByText(`${cluster.url}/oauth`).waitFor()
    // Events meanwhile render the rest of the view again.
    const fetched = page.waitForResponse((response) => response.url().endsWith('/v1/oauth2/sandbox'))
    await page.getByLabel('New client secret of sandbox').fill(cluster.sandbox.control.newSecret().reveal())
    await page.getByRole('button', { name: 'Add secret' }).click()
    await fetched
    expect(await step('discovery').count()).toBe(1)
  })

  describe('saving settings', () => {
    const settings = () => page.locator('form.stack')
    const setting = (label: string) => settings().getByLabel(label, { exact: true })
    const save = () => page.getByRole('button', { name: 'Save settings' }).click()
    const notSaved = (name: string) =>
      settings().getByText(
        `Not saved, because these settings were changed meanwhile: ${name}. Reload the page`,
      )

    beforeEach(async () => {
      await go('#/apps')
      await page.getByRole('heading', { name: 'Apps' }).waitFor()
      await go('#/app/sandbox')
      await settings().getByText('For special cases').click()
    })

    it('is not refused because the state of the app has changed meanwhile', async () => {
      const { revision } = await cluster.request('app.get.sandbox')
      cluster.sandbox.control.expireSecret()
      await cluster.request('token.get.alice', { forceRefresh: true })
      const app = await cluster.request('app.get.sandbox')
      expect(app.state).toBe('secret-expired')
      expect(app.revision).not.toBe(revision)
      await setting('name').fill('Our sandbox')
      await save()
      await eventually(async () =>
        expect(await cluster.request('app.get.sandbox')).toMatchObject({ name: 'Our sandbox' }),
      )
    })

    it('does not overwrite settings that somebody else has changed meanwhile', async () => {
      await cluster.ask('PUT', '/v1/oauth2/sandbox', { body: { name: 'Their sandbox' } })
      await setting('concurrency').fill('3')
      await save()
      await notSaved('name').waitFor()
      const app = await cluster.request('app.get.sandbox')
      expect(app).toMatchObject({ name: 'Their sandbox' })
      expect(app.concurrency).not.toBe(3)
    })

    it('does not replace secrets if somebody else has added one meanwhile', async () => {
      const secret = cluster.sandbox.control.newSecret().reveal()
      await cluster.request('app.secret.add.sandbox', { id: 'theirs', secret })
      await setting('clientSecret').fill('ours')
      await save()
      await notSaved('clientSecret').waitFor()
      expect((await cluster.request('app.get.sandbox')).secrets).toContainEqual(
        expect.objectContaining({ id: 'theirs' }),
      )
    })
  })

  it('renders an account’s name as text', async () => {
    await go('#/accounts')
    await page.getByRole('link', { name: '<b>carol</b>' }).waitFor()
    expect(await page.locator('table b').count()).toBe(0)
  })

  it('finds accounts by a part of their ids, case-insensitively', async () => {
    await page.getByLabel('Search in ids and users').fill('LIC')
    await page.getByRole('link', { name: 'bob' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'alice' }).waitFor()
  })

  it('can be used by keyboard only', async () => {
    await page.goto(cluster.url)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    const accounts = page.getByRole('heading', { name: 'Accounts' })
    // What is still being drawn may take the focus back.
    await eventually(async () => {
      await page.keyboard.press('Tab')
      for (let i = 0; i < 20 && (await focused()) !== 'Accounts'; i++) await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await accounts.waitFor({ timeout: 3_000 })
    })
    expect(await focused()).toBe('Accounts')
  })

  it('ends its session on sign-out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API token').waitFor()
  })

  const focused = () => page.evaluate('document.activeElement.textContent.trim()')
})
