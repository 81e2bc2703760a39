import { expect } from 'vitest'
import { createBrowser, type Page } from '../support/browser.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

/** What stand-ins know as the client's own page. */
const publicUrl = 'http://127.0.0.1'
export const caller = 'http://caller.example'

export interface Visit {
  readonly account: string
  readonly app: string
  /** The user who signs in at the provider, expected or not. */
  readonly as: string
  /** More of the form's fields. */
  readonly form?: object
}

export interface ConsentScene extends AsyncDisposable {
  readonly cluster: HttpCluster
  /** A browser with separate cookies, sent to the address that tokenbus listens on. */
  browser(): (url: string | URL, headers?: Readonly<Record<string, string>>) => Promise<Page>
  formFor(body: object): Promise<string>
  /** From the form to the callback's page. */
  visit(visit: Visit): Promise<Page>
}

/** One node, and people with browsers. */
export async function startConsentScene(): Promise<ConsentScene> {
  const cluster = await startHttpCluster({
    TOKENBUS_REDIRECT_ORIGINS: caller,
    TOKENBUS_PUBLIC_URL: publicUrl,
  })
  const find = (url: string) => url.replace(`${publicUrl}/oauth`, `${cluster.url}/oauth`)
  const browser = () => createBrowser(find).open

  async function formFor(body: object): Promise<string> {
    const whole = { redirectUrl: `${caller}/done`, ...body }
    const { status, body: form } = await cluster.ask('POST', '/v1/authentication/form', { body: whole })
    expect(status, JSON.stringify(form)).toBe(200)
    return form.url
  }

  return {
    cluster,
    browser,
    formFor,
    async visit({ account, app, as, form = {} }) {
      const open = browser()
      const start = await open(await formFor({ account, type: app, ...form }))
      const page = new URL(start.location as string)
      page.searchParams.set('login_hint', as)
      const back = await open(page)
      return open(back.location as string)
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

/** Where the browser is sent back to, from a page or at once. */
export function wayBack({ location, headers }: Page): URLSearchParams {
  return new URL(location ?? (headers.get('refresh')?.split('url=')[1] as string)).searchParams
}
