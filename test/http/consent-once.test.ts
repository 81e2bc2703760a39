import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PlainAnswer, type PlainProvider, startPlainProvider } from '../support/plain-provider.ts'
import { type ConsentScene, caller, startConsentScene, wayBack } from './consent-scene.ts'

let scene: ConsentScene
let provider: PlainProvider
/** The response to a code exchange, which a test may replace. */
let tokens: () => PlainAnswer | Promise<PlainAnswer>
let grants = 0

const usual = (): PlainAnswer => {
  grants++
  return [200, { access_token: `at-${grants}`, refresh_token: `rt-${grants}`, expires_in: 3_600 }]
}

beforeAll(async () => {
  provider = await startPlainProvider({ answer: () => tokens() })
  scene = await startConsentScene()
  await scene.cluster.request('app.put.plain', {
    provider: 'oidc',
    authorizeUrl: `${provider.origin}/authorize`,
    tokenUrl: `${provider.origin}/token`,
    clientId: 'client',
    clientSecret: 'client-secret',
    scopes: ['mail', 'calendar'],
  })
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})
beforeEach(() => {
  tokens = usual
})

const account = (id: string) => scene.cluster.request(`account.get.${id}`)
const codes = () => provider.calls.filter(({ form }) => form.grant_type === 'authorization_code').length

/** The user has consented; the browser has not followed the redirect yet. */
async function agreed(id: string) {
  const open = scene.browser()
  const form = await scene.formFor({ account: id, type: 'plain', email: `${id}@example.com` })
  const { location } = await open(form)
  const { location: callback } = await open(location as string)
  return { open, form, page: location as string, callback: callback as string }
}

async function connect(id: string) {
  const { open, callback } = await agreed(id)
  return open(callback)
}

describe('a callback', () => {
  it('that is loaded again gets the same response, and its code is redeemed once', async () => {
    const { open, callback } = await agreed('reloaded')
    const before = codes()
    const pages = [await open(callback), await open(callback), await open(callback)]
    for (const { status, location } of pages)
      expect({ status, location }).toEqual({
        status: 302,
        location: `${caller}/done?account=reloaded&state=new`,
      })
    expect(codes()).toBe(before + 1)
    expect(await account('reloaded')).toMatchObject({ generation: 1 })
  })

  it('that is loaded twice at the same time is answered once the first has ended', async () => {
    const { open, callback } = await agreed('double-click')
    const before = codes()
    tokens = async () => {
      await delay(500)
      return usual()
    }
    const pages = await Promise.all([open(callback), open(callback), open(callback)])
    expect(new Set(pages.map(({ location }) => location)).size).toBe(1)
    expect(codes()).toBe(before + 1)
  })

  it('has no token in its response', async () => {
    const { open, callback } = await agreed('no-token')
    for (const { html, location } of [await open(callback), await open(callback)])
      expect(`${html} ${location}`).not.toMatch(/[ar]t-\d/)
  })

  it.each([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
  ])('that is prefetched connects nothing (%j)', async (headers) => {
    const id = `ahead-${JSON.stringify(headers).length}`
    const { open, callback, form } = await agreed(id)
    const before = codes()
    for (const url of [form, callback]) expect(await open(url, headers)).toMatchObject({ status: 503 })
    expect(codes()).toBe(before)
    expect((await open(callback)).location).toContain('state=new')
  })

  it('in another browser connects nothing and offers to start again, while the first browser can continue', async () => {
    const { open, form, callback } = await agreed('elsewhere')
    const stranger = scene.browser()
    const before = codes()
    const page = await stranger(callback)
    expect(page).toMatchObject({ status: 400, location: null })
    expect(page.html).toContain('begun in another browser')
    expect(page.headers.has('refresh')).toBe(false)
    expect(codes()).toBe(before)
    const [, onward = ''] = /<a href="([^"]+)"/.exec(page.html) ?? []
    expect(new URL(onward, 'http://127.0.0.1').search).toBe(new URL(form).search)

    expect((await open(callback)).location).toContain('state=new')
    // The result is not shown to other browsers either.
    expect(await stranger(callback)).toMatchObject({ status: 400, location: null })
    expect(await stranger(form)).toMatchObject({ status: 400, location: null })
  })

  it('can be started again in the other browser', async () => {
    const { callback } = await agreed('moved-on')
    const other = scene.browser()
    const [, onward = ''] = /<a href="([^"]+)"/.exec((await other(callback)).html) ?? []
    const { location: page } = await other(new URL(onward, scene.cluster.url))
    const { location: back } = await other(page as string)
    expect((await other(back as string)).location).toContain('account=moved-on&state=new')
  })

  it('and the address before it, reached by the back button, show what was connected', async () => {
    const { open, form, page, callback } = await agreed('back')
    const { location } = await open(callback)
    expect((await open(form)).location).toBe(location)
    const { location: second } = await open(page)
    expect((await open(`${second}&again`)).location).toBe(location)
    expect(await account('back')).toMatchObject({ generation: 1 })
  })

  it('that was denied may be followed by a granted one', async () => {
    const { open, callback } = await agreed('minds')
    const denied = new URL(callback)
    denied.searchParams.delete('code')
    denied.searchParams.set('error', 'access_denied')
    for (const page of [await open(denied), await open(denied)])
      expect(wayBack(page).get('error')).toBe('access_denied')
    expect((await open(callback)).location).toContain('account=minds&state=new')
  })
})

describe('permissions that were not granted', () => {
  it('are named, and can be requested again at the same address with a new PKCE challenge', async () => {
    const { open, form, page, callback } = await agreed('partial')
    tokens = () => [200, { access_token: 'a', refresh_token: 'r', expires_in: 60, scope: 'mail' }]
    const { html, headers } = await open(callback)
    expect(html).toContain('calendar')
    expect(headers.get('refresh')).toContain('error=missing_scopes')
    const [, onward = ''] = /<a href="([^"]+)"/.exec(html) ?? []
    expect(new URL(onward, 'http://127.0.0.1').search).toBe(new URL(form).search)
    tokens = usual
    const { location } = await open(new URL(onward, scene.cluster.url))
    const challengeOf = (url: string) => new URL(url).searchParams.get('code_challenge')
    expect(challengeOf(location as string)).not.toBe(challengeOf(page))
    const { location: back } = await open(location as string)
    expect((await open(back as string)).location).toContain('account=partial&state=new')
  })
})

describe('a consent for an existing account', () => {
  it('that returns the refresh token of a revoked grant restores it', async () => {
    tokens = () => [200, { access_token: 'same', refresh_token: 'one and only', expires_in: 3_600 }]
    await connect('returned')
    expect(await scene.cluster.request('account.revoke.returned', {})).toMatchObject({ state: 'revoked' })
    expect((await connect('returned')).location).toBe(`${caller}/done?account=returned&state=existing`)
    expect(await account('returned')).toMatchObject({ state: 'valid' })
    expect(await scene.cluster.request('token.get.returned', {})).toMatchObject({ accessToken: 'same' })
  })

  it('without a refresh token keeps the grant, and stores the newer access token', async () => {
    await connect('kept')
    const spent = () => provider.calls.at(-1)?.form.refresh_token
    tokens = () => [200, { access_token: 'newer', expires_in: 7_200 }]
    expect((await connect('kept')).location).toContain('state=existing')
    expect(await scene.cluster.request('token.get.kept', {})).toMatchObject({ accessToken: 'newer' })
    const kept = `rt-${grants}`
    tokens = usual
    await scene.cluster.request('token.get.kept', { forceRefresh: true })
    expect(spent()).toBe(kept)
  })

  it('without a refresh token does not restore a revoked grant', async () => {
    await connect('dead')
    await scene.cluster.request('account.revoke.dead', {})
    tokens = () => [200, { access_token: 'short', expires_in: 60 }]
    const page = await connect('dead')
    expect(wayBack(page).get('error')).toBe('no_refresh_token')
    expect(page.html).not.toMatch(/remove/i)
    expect(await account('dead')).toMatchObject({ state: 'revoked' })
  })

  it('without an identity keeps its user', async () => {
    const put = { app: 'plain', user: 'somebody@example.com', refreshToken: 'put' }
    await scene.cluster.request('account.put.named', put)
    await connect('named')
    expect(await account('named')).toMatchObject({ user: 'somebody@example.com' })
  })
})

it('a token’s lifetime starts when its code was sent, however long the response takes', async () => {
  let sentAt = 0
  tokens = async () => {
    sentAt = Date.now()
    await delay(1_500)
    return usual()
  }
  await connect('slow')
  const { expires } = await account('slow')
  expect(Date.parse(expires)).toBeLessThanOrEqual(sentAt + 3_600_000)
})
