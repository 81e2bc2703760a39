import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AskingProvider, startAskingProvider } from '../support/asking-provider.ts'
import { hasChromium, startBrowser } from '../support/chromium.ts'
import { deadline, eventually } from '../support/eventually.ts'
import { isInstalled } from '../support/installed.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const run = promisify(execFile)
const able = hasChromium && isInstalled('curl')
const why = able ? '' : ' (skipped: needs chromium and curl)'
const calendar = 'https://www.googleapis.com/auth/calendar'
/** The directory for screenshots of each step; none are taken if it is not set. */
const pictures = process.env.TOKENBUS_TEST_PICTURES

describe.skipIf(!able)(
  `a user with only the page, from an empty tokenbus to a calendar token${why}`,

  () => {
    let http: HttpCluster
    let provider: AskingProvider
    let browser: Browser
    let page: Page
    let apiToken: string

    beforeAll(async () => {
      http = await startHttpCluster()
      provider = await startAskingProvider()
      browser = await startBrowser()
      page = await browser.newPage({ locale: 'en-GB' })
      page.setDefaultTimeout(deadline)
    })
    afterAll(async () => {
      await browser?.close()
      await provider?.[Symbol.asyncDispose]()
      await http?.[Symbol.asyncDispose]()
    })

    async function picture(name: string): Promise<void> {
      if (pictures === undefined) return
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    }
    const field = (label: string) => page.getByLabel(label, { exact: true })

    it('signs in', async () => {
      await page.goto(http.url)
      await field('API token').fill(http.adminToken)
      await picture('01-sign-in')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('Nothing. All is well.').waitFor()
      await picture('02-overview-empty')
    })

    it('chooses Google in the catalogue, and sees what to register', async () => {
      await page.getByRole('link', { name: 'Apps' }).click()
      await page.getByText('There are no apps yet.').waitFor()
      await page.getByRole('link', { name: 'Add an app' }).click()
      await page.getByLabel('Search providers').fill('google')
      await picture('03-providers')
      await page.getByRole('link', { name: 'Google', exact: true }).click()
      await page.getByRole('heading', { name: 'Add an app of Google' }).waitFor()
      await page.getByText('Authorized redirect URIs').waitFor()
      await page.getByText(`${http.url}/oauth`, { exact: true }).waitFor()
      await page.getByText('grants end after 7 days').waitFor()
    })

    it('adds the app with the scope of the calendar', async () => {
      await field('App id').fill('calendar')
      await field('clientId *').fill('client.apps.googleusercontent.com')
      await field('clientSecret').fill('a-secret')
      await field('additionalScopes').fill(calendar)
      // The stand-in for Google's own endpoints.
      await page.getByText('For special cases').click()
      await field('issuer').fill('https://accounts.google.com')
      await field('authorizeUrl').fill(provider.authorizeUrl)
      await field('tokenUrl').fill(provider.tokenUrl)
      await picture('04-new-app')
      await page.getByRole('button', { name: 'Add the app' }).click()
      await page.getByRole('heading', { name: 'calendar' }).waitFor()
      await page.locator('.state', { hasText: 'healthy' }).waitFor()
      await picture('05-app')
      expect(await http.request('app.get.calendar')).toMatchObject({
        provider: 'google',
        scopes: ['openid', 'email', calendar],
        additionalScopes: [calendar],
      })
    })

    it('verifies it', async () => {
      await page.getByRole('button', { name: 'Verify calendar' }).click()
      await page.getByRole('table', { name: 'Set-up of calendar' }).waitFor()
      await picture('06-verified')
    })

    it('connects an account', async () => {
      await field('Account id').fill('bob')
      await page.getByRole('button', { name: 'Connect now' }).click()
      await page.getByRole('link', { name: 'Allow' }).click()
      await page.waitForURL(/account=bob&state=new/)
      await page.goto(`${http.url}/#/account/bob`)
      await page.getByText('bob@example.com').first().waitFor()
      await page.getByRole('img', { name: 'States over time' }).waitFor()
      await picture('07-account')
    })

    it('allows tokens over HTTP', async () => {
      await page.getByRole('link', { name: 'Settings' }).click()
      await page.getByText('not allowed', { exact: true }).waitFor()
      await field('Enter your API token again').fill(http.adminToken)
      await picture('08-settings')
      await page.getByRole('button', { name: 'Allow tokens over HTTP' }).click()
      await page.getByText('allowed', { exact: true }).waitFor()
    })

    it('makes an API token', async () => {
      await page.getByRole('link', { name: 'API tokens' }).click()
      await field('Name').fill('calendar service')
      await page.getByRole('button', { name: 'Make an API token' }).click()
      apiToken = (await page.locator('.once code').textContent()) as string
      await picture('09-api-token')
      expect(apiToken).toMatch(/^\S{20,}$/)
    })

    it('reads the token of the calendar with curl', async () => {
      const header = `Authorization: Bearer ${apiToken}`
      const { stdout } = await run('curl', ['-s', '-H', header, `${http.url}/v1/account/bob/oauth-token`])
      expect(JSON.parse(stdout)).toMatchObject({
        account: 'bob',
        user: 'bob@example.com',
        app: 'calendar',
        provider: 'google',
        registeredScopes: expect.arrayContaining([calendar]),
        accessToken: expect.stringMatching(/^at-/),
      })
    })

    it('edits the app’s name and scopes', async () => {
      await page.goto(`${http.url}/#/app/calendar`)
      const settings = page.locator('form.stack')
      await settings.getByLabel('name', { exact: true }).fill('Our calendar')
      await settings.getByLabel('additionalScopes').fill('')
      await page.getByRole('button', { name: 'Save settings' }).click()
      await eventually(async () =>
        expect(await http.request('app.get.calendar')).toMatchObject({
          name: 'Our calendar',
          scopes: ['openid', 'email'],
          tokenUrl: provider.tokenUrl,
        }),
      )
    })

    it('revokes the API token, which is then rejected', async () => {
      await page.goto(`${http.url}/#/api-tokens`)
      const row = page.getByRole('row').filter({ hasText: 'calendar service' })
      await row.getByRole('button', { name: 'Revoke' }).click()
      await row.getByRole('button', { name: 'Revoke' }).click()
      await row.waitFor({ state: 'detached' })
      expect((await http.ask('GET', '/v1/account/bob/oauth-token', { token: apiToken })).status).toBe(401)
    })

    it('deletes the account, then the app', async () => {
      await page.goto(`${http.url}/#/account/bob`)
      await page.getByRole('button', { name: 'Delete account' }).click()
      await page.getByRole('button', { name: 'Delete account' }).click()
      await page.getByRole('heading', { name: 'Accounts' }).waitFor()
      await page.goto(`${http.url}/#/app/calendar`)
      await page.getByRole('button', { name: 'Delete app' }).click()
      await page.getByRole('button', { name: 'Delete app' }).click()
      await page.getByText('There are no apps yet.').waitFor()
    })
  },
)
