import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { type ConsentProblem, problemOf } from '../../src/consent/problems.ts'
import { translator } from '../../src/http/translations.ts'
import type { Page } from '../support/browser.ts'
import { type PlainAnswer, type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { aadsts } from '../support/stand-ins/aadsts.ts'
import { type ConsentScene, startConsentScene, wayBack } from './consent-scene.ts'

export const granted: PlainAnswer = [200, { access_token: 'a', refresh_token: 'r', expires_in: 3_600 }]
export const say = translator('en')

export const microsoft = (code: number, error: string, status = 400): PlainAnswer => [
  status,
  aadsts(code, 'Something.', { error, status }).body,
]

/** Values for the placeholders of a page's text. */
export type Values = Readonly<Record<string, string>>

/** The token endpoint: its response, and what runs before it responds. Both are reset before each test. */
interface TokenEndpoint {
  answer: PlainAnswer
  redeeming: (() => Promise<unknown>) | undefined
}

export interface ConsentFaults {
  readonly token: TokenEndpoint
  scene(): ConsentScene
  /** Each test has an app of its own, because faults are shown on the app. */
  newApp(settings?: object): Promise<string>
  app(id: string): Promise<Record<string, unknown>>
  /** Starts a consent, and runs `meanwhile` before the provider redirects back. */
  comesBack(app: string, form?: object, meanwhile?: () => Promise<unknown>): Promise<Page>
  /** Consents at the provider; or redirects back with these parameters instead of a code. */
  consent(app: string, callback?: object): Promise<Consented>
  /** Checks page, redirect and metric. */
  shows(page: Page, problem: ConsentProblem, values?: Values, text?: string): Promise<void>
  /** Checks the app, and that no account was stored. */
  isShownOn(app: string, problem: ConsentProblem): Promise<void>
}

interface Consented {
  open(url: string | URL): Promise<Page>
  readonly url: URL
  readonly page: Page
}

/** A node and a provider for the tests of one file. */
export function useConsentFaults(): ConsentFaults {
  const token: TokenEndpoint = { answer: granted, redeeming: undefined }
  let scene: ConsentScene
  let provider: PlainProvider
  let apps = 0

  beforeAll(async () => {
    provider = await startPlainProvider({
      async answer() {
        await token.redeeming?.()
        return token.answer
      },
    })
    scene = await startConsentScene()
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    token.answer = granted
    token.redeeming = undefined
  })

  const app = (id: string) => scene.cluster.request(`app.get.${id}`)

  async function newApp(settings: object = {}): Promise<string> {
    const id = `app-${++apps}`
    const put = {
      provider: 'outlook',
      authorizeUrl: `${provider.origin}/common/oauth2/v2.0/authorize`,
      tokenUrl: `${provider.origin}/common/oauth2/v2.0/token`,
      clientId: 'client',
      clientSecret: 'client-secret',
      ...settings,
    }
    expect(await scene.cluster.request(`app.put.${id}`, put)).toMatchObject({ app: id })
    return id
  }

  async function atProvider(id: string, form: object = {}) {
    const open = scene.browser()
    const start = await open(await scene.formFor({ account: `of-${id}`, type: id, ...form }))
    const { location } = await open(start.location as string)
    return { open, url: new URL(location as string) }
  }

  return {
    token,
    scene: () => scene,
    newApp,
    app,
    async comesBack(id, form, meanwhile) {
      const { open, url } = await atProvider(id, form)
      await meanwhile?.()
      return open(url)
    },
    async consent(id, callback) {
      const { open, url } = await atProvider(id)
      if (callback !== undefined) url.searchParams.delete('code')
      for (const [name, value] of Object.entries(callback ?? {})) url.searchParams.set(name, String(value))
      return { open, url, page: await open(url) }
    },
    async shows(page, problem, values = { word: '' }, text = problem) {
      const { status, description, title } = problemOf(problem)
      const asHtml = (text: string) => text.replaceAll("'", '&#39;').replaceAll('"', '&quot;')
      expect(page.status).toBe(status)
      expect(page.html).toContain(asHtml(say(`consent.${title ?? problem}.title`)))
      expect(page.html).toContain(asHtml(say(`consent.${text}.text`, values)))
      const back = wayBack(page)
      expect(back.get('error')).toBe(problem)
      expect(back.get('error_description')).toBe(description)
      const metrics = (await scene.cluster.ask('GET', '/metrics')).body
      expect(metrics).toMatch(new RegExp(`tokenbus_consents_total\\{outcome="${problem}"\\} [1-9]`))
    },
    async isShownOn(id, problem) {
      const seen = await app(id)
      if (problemOf(problem).blame === 'app') {
        expect(seen).toMatchObject({ inQuestion: true, lastError: { action: expect.any(String) } })
      } else {
        expect(seen).not.toHaveProperty('inQuestion')
        expect(seen).not.toHaveProperty('lastError')
      }
      expect(await scene.cluster.request(`account.get.of-${id}`)).toMatchObject({
        error: 'account_not_found',
      })
    },
  }
}
