import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AskingProvider, startAskingProvider } from '../support/asking-provider.ts'
import { hasChromium, startBrowser } from '../support/chromium.ts'
import { deadline } from '../support/eventually.ts'
import { hasNginx, startNginx } from '../support/nginx.ts'
import { freePort } from '../support/redis.ts'
import { type Front, proxyAddress } from '../support/reverse-proxy.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const able = hasNginx && hasChromium
const why = able ? '' : ' (skipped: needs nginx and chromium)'

describe.skipIf(!able)(
  `under a prefix behind nginx with TLS, in a browser${why}`,

  () => {
    let cluster: HttpCluster
    let provider: AskingProvider
    let front: Front
    let browser: Browser
    let page: Page
    let publicUrl: string

    beforeAll(async () => {
      const port = await freePort()
      publicUrl = `https://127.0.0.1:${port}/tokenbus/`
      cluster = await startHttpCluster({
        TOKENBUS_PUBLIC_URL: publicUrl,
        TOKENBUS_TRUSTED_PROXIES: proxyAddress,
      })
      front = await startNginx({ to: cluster.url, prefix: '/tokenbus', strips: false, port })
      provider = await startAskingProvider()
      const { authorizeUrl, tokenUrl } = provider
      const client = { clientId: 'mailer', clientSecret: 'secret', scopes: ['mail'] }
      await cluster.request('app.put.mail', { provider: 'oidc', authorizeUrl, tokenUrl, ...client })
      await cluster.request('account.put.bob', { app: 'mail', user: 'bob@example.com', refreshToken: 'rt-0' })
      browser = await startBrowser()
      page = await browser.newPage({ ignoreHTTPSErrors: true })
      page.setDefaultTimeout(deadline)
    })
    afterAll(async () => {
      await browser?.close()
      await front?.[Symbol.asyncDispose]()
      await provider?.[Symbol.asyncDispose]()
      await cluster?.[Symbol.asyncDispose]()
    })

    it('the page signs in, and shows live updates', async () => {
      const failed: string[] = []
      page.on('response', (reply) => void (reply.status() >= 404 && failed.push(reply.url())))
      await page.goto(publicUrl)
      await page.getByLabel('API token').fill(cluster.adminToken)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await page.getByText('live', { exact: true }).waitFor()
      expect(failed).toEqual([])
      const [cookie] = await page.context().cookies(publicUrl)
      expect(cookie).toMatchObject({ path: '/tokenbus/', secure: true, httpOnly: true, sameSite: 'Strict' })
    })

    it('shows events, and runs a consent that returns to it', async () => {
      await cluster.request('account.revoke.bob', {})
      await page.getByRole('link', { name: 'bob' }).click()
      await page.getByRole('button', { name: 'Connect bob again' }).click()
      await page.getByRole('link', { name: 'Allow' }).click()
      await page.waitForURL(/account=bob/)
      expect(page.url()).toMatch(`${publicUrl}?account=bob&state=existing`)
      await page.getByText('Nothing. All is well.').waitFor()
      expect(await cluster.request('account.get.bob')).toMatchObject({ state: 'valid' })
    })

    it('a used consent link is reported with the page’s style', async () => {
      await page.goto(`${publicUrl}oauth/start?ticket=${'x'.repeat(43)}`)
      await page.getByRole('heading', { name: 'This link is not valid any more' }).waitFor()
      expect(await page.evaluate('document.styleSheets.length')).toBe(1)
      expect(await page.evaluate('document.styleSheets[0].cssRules.length')).toBeGreaterThan(0)
    })
  },
)
