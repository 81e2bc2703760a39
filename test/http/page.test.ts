import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/contract/subject-token.ts'
import { hasChromium, startBrowser } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
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

  it('verifies an app step by step, and keeps showing the result', async () => {
    await page.getByRole('button', { name: 'Verify sandbox' }).click()
    const found = page.getByRole('table', { name: 'Set-up of sandbox' })
    const step = (name: string) =>
      found.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
    // The old secret is refused, the new one is not.
    await step('credentials').filter({ hasText: 'failed' }).getByText('client_rejected').waitFor()
    await step('credentials').filter({ hasText: 'accepted' }).waitFor()
    await step('redirect uri').getByText(`${cluster.url}/oauth`).waitFor()
    // What happens meanwhile makes the rest of the view anew.
    const fetched = page.waitForResponse((response) => response.url().endsWith('/v1/oauth2/sandbox'))
    await page.getByLabel('New client secret of sandbox').fill(cluster.sandbox.control.newSecret().reveal())
    await page.getByRole('button', { name: 'Add secret' }).click()
    await fetched
    expect(await step('discovery').count()).toBe(1)
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
