import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/contract/subject-token.ts'
import { languageFiles } from '../../src/http/translations.ts'
import { hasChromium, startBrowser } from '../support/chromium.ts'
import { deadline, eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const why = hasChromium ? '' : ' (skipped: no chromium here)'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** The directory for screenshots; none are taken if it is not set. */
const pictures = process.env.TOKENBUS_TEST_PICTURES

const views = [
  '#/',
  '#/accounts',
  '#/account/alice',
  '#/account/bob',
  '#/apps',
  '#/app/sandbox',
  '#/new-app',
  '#/new-app/outlook',
  '#/api-tokens',
  '#/settings',
]
/** 640 is what 200 % zoom leaves of 1,280. */
const widths = [360, 640, 768, 1_280]

describe.skipIf(!hasChromium)(`the page for everybody${why}`, () => {
  let cluster: HttpCluster
  let browser: Browser

  beforeAll(async () => {
    cluster = await startHttpCluster()
    for (const account of ['alice', 'bob', encodeId('a.very.long.name.of.an.account@subsidiary.example.com')])
      await cluster.connectAccount(account)
    cluster.sandbox.control.revoke('bob')
    await cluster.request('token.get.bob', { forceRefresh: true })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await cluster?.[Symbol.asyncDispose]()
  })

  async function signedIn(options: Parameters<Browser['newContext']>[0]): Promise<[Page, BrowserContext]> {
    // The page's own policy lets no script of a test in.
    const context = await browser.newContext({ ...options, bypassCSP: true })
    context.setDefaultTimeout(deadline)
    await context.addCookies([{ name: 'tokenbus-session', value: cluster.adminToken, url: cluster.url }])
    return [await context.newPage(), context]
  }

  async function open(page: Page, hash: string): Promise<void> {
    await page.goto(`${cluster.url}/${hash}`)
    await page.reload()
    await page.locator('h1').waitFor()
    await page.waitForLoadState('networkidle').catch(() => undefined)
  }

  const problemsOf = async (page: Page) => {
    await page.evaluate(axe)
    const found = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)`,
    )
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
  }

  describe.each(['light', 'dark'] as const)('in the %s scheme', (colorScheme) => {
    it.each(widths)('at %i px every view passes axe, and no column is cut off', async (width) => {
      const [page, context] = await signedIn({ colorScheme, viewport: { width, height: 800 } })
      for (const hash of views) {
        await open(page, hash)
        expect(await problemsOf(page), hash).toEqual([])
        const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
        expect(overflow, `${hash} is wider than the screen`).toBeLessThanOrEqual(0)
        const hidden = await page.evaluate(
          `[...document.querySelectorAll('.table')].filter((each) => each.scrollWidth > each.clientWidth + 1).length`,
        )
        if (width < 1_280) expect(hidden, `${hash} has a cut column`).toBe(0)
        if (pictures)
          await page.screenshot({
            path: join(pictures, `${colorScheme}-${width}-${hash.replaceAll(/\W+/g, '_')}.png`),
            fullPage: true,
          })
      }
      await context.close()
    })
  })

  it('shows no focus outline on load', async () => {
    const [page, context] = await signedIn({})
    await open(page, '#/accounts')
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true)
    await context.close()
  })

  it.each([...languageFiles.keys()])('uses the browser’s language: %s', async (locale) => {
    const [page, context] = await signedIn({ locale })
    const sentences = JSON.parse(languageFiles.get(locale) as string)
    await open(page, '#/')
    await page.getByRole('heading', { name: sentences['page.nav.overview'] }).waitFor()
    expect(await page.evaluate('document.documentElement.lang')).toBe(locale)
    await open(page, '#/settings')
    await page.getByText(sentences['page.token-api.off'], { exact: true }).waitFor()
    expect(await problemsOf(page)).toEqual([])
    await page.goto(`${cluster.url}/oauth/start?ticket=${'x'.repeat(43)}`)
    await page.getByRole('heading', { name: sentences['consent.unknown_request.title'] }).waitFor()
    expect(await problemsOf(page)).toEqual([])
    await context.close()
  })

  it('can revoke an account by keyboard only', async () => {
    const [page, context] = await signedIn({})
    await open(page, '#/account/alice')
    const press = async (name: string) => {
      await page.getByRole('button', { name, exact: true }).waitFor()
      for (let i = 0; i < 40 && (await page.evaluate('document.activeElement.textContent')) !== name; i++)
        await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
    }
    await press('Revoke')
    // The focus is on the question's own button now.
    await page.keyboard.press('Enter')
    await eventually(async () =>
      expect(await cluster.request('account.get.alice')).toMatchObject({ state: 'revoked' }),
    )
    await context.close()
  })
})
