import { afterAll, beforeAll, expect, it } from 'vitest'
import { oauthEvent, startTransmitter, type Transmitter } from '../security-events/transmitter.ts'
import { createBrowser } from '../support/browser.ts'
import { type GoogleStandIn, startGoogle } from '../support/stand-ins/google.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

/** What the stand-in knows as the client's own page. */
const publicUrl = 'http://127.0.0.1'
const caller = 'http://caller.example'
const googleIssuer = 'https://accounts.google.com'

let cluster: HttpCluster
let google: GoogleStandIn
let transmitter: Transmitter

beforeAll(async () => {
  google = await startGoogle()
  transmitter = await startTransmitter()
  cluster = await startHttpCluster({
    TOKENBUS_REDIRECT_ORIGINS: caller,
    TOKENBUS_PUBLIC_URL: publicUrl,
  })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await transmitter[Symbol.asyncDispose]()
  await google[Symbol.asyncDispose]()
})

async function putApp(app: string, settings: object): Promise<void> {
  const { client, authorizeUrl, tokenUrl } = google
  const { issuer, jwksUrl } = transmitter
  const put = {
    provider: 'gmail',
    ...{ authorizeUrl, tokenUrl, clientId: client.id, clientSecret: client.secret },
    securityEvents: { issuer, jwksUrl },
    ...settings,
  }
  expect(await cluster.request(`app.put.${app}`, put)).toMatchObject({ app })
}

const { open: step } = createBrowser((url) => url.replace(`${publicUrl}/oauth`, `${cluster.url}/oauth`))
const next = async (url: string | URL) => new URL((await step(url)).location as string)

/** From the form to the end; answers the provider's page, and where the browser lands. */
async function consent(account: string, app: string) {
  const body = { account, type: app, email: `${account}@example.com`, redirectUrl: `${caller}/done` }
  const { body: form } = await cluster.ask('POST', '/v1/authentication/form', { body })
  const page = await next(form.url)
  const back = await next(page)
  return { page, back, landed: () => next(back) }
}

it('a consent at Google stores the subject, by which a security event finds the account', async () => {
  await putApp('google', { issuer: googleIssuer })
  for (const account of ['alice', 'bob']) {
    const { page, landed } = await consent(account, 'google')
    expect(page.searchParams.get('scope')).toBe('https://mail.google.com/ openid email')
    expect(page.searchParams.get('nonce')).toMatch(/^[\w-]{43}$/)
    expect((await landed()).search).toBe(`?account=${account}&state=new`)
  }
  expect(await cluster.request('account.get.alice')).toMatchObject({
    state: 'valid',
    user: 'alice@example.com',
    subject: google.subjectOf('alice@example.com'),
    missingScopes: [],
  })

  const iat = Math.floor(Date.now() / 1_000) + 2
  const subject = { format: 'iss_sub', iss: transmitter.issuer, sub: google.subjectOf('alice@example.com') }
  const event = await transmitter.sign(
    { [oauthEvent('tokens-revoked')]: {} },
    { claims: { aud: google.client.id, iat, sub_id: subject } },
  )
  const headers = { 'content-type': 'application/secevent+jwt' }
  const told = await cluster.ask('POST', '/v1/security-events/google', { token: null, headers, text: event })
  expect(told.status).toBe(202)
  expect(await cluster.request('account.get.alice')).toMatchObject({ state: 'revoked' })
  expect(await cluster.request('account.get.bob')).toMatchObject({ state: 'valid' })
})

it('an ID token of another consent connects no account', async () => {
  const { page } = await consent('carol', 'google')
  page.searchParams.set('nonce', 'x'.repeat(43))
  const end = await step(await next(page))
  expect(end).toMatchObject({ status: 400 })
  expect(await cluster.request('account.get.carol')).toMatchObject({ error: 'account_not_found' })
})

it('at unknown endpoints the user is not identified', async () => {
  await putApp('elsewhere', {})
  const { page, landed } = await consent('dave', 'elsewhere')
  expect(page.searchParams.get('scope')).toBe('https://mail.google.com/')
  expect(page.searchParams.has('nonce')).toBe(false)
  expect((await landed()).search).toBe('?account=dave&state=new')
  expect((await cluster.request('account.get.dave')).subject).toBeUndefined()
})
