import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerBytes, type RawServer, startRawServer } from '../provider/raw-server.ts'
import { hasNginx, startNginx } from '../support/nginx.ts'
import { type Front, startReverseProxy } from '../support/reverse-proxy.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const prefix = '/tokenbus'
const publicUrl = `https://tokens.example${prefix}`
const ca = readFileSync(new URL('../fixtures/tls/ca.pem', import.meta.url))
const dispatcher = new Agent({ connect: { ca, checkServerIdentity: () => undefined } })

let cluster: HttpCluster
let provider: RawServer

beforeAll(async () => {
  cluster = await startHttpCluster({
    TOKENBUS_PUBLIC_URL: `${publicUrl}/`,
    TOKENBUS_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.2',
    TOKENBUS_ENABLE_TOKEN_API: 'true',
    TOKENBUS_REDIRECT_ORIGINS: 'https://app.example',
  })
  await cluster.connectAccount('alice')
  const body = '{"access_token":"at-1","token_type":"bearer","refresh_token":"rt-1","expires_in":3600}'
  provider = await startRawServer((socket) => socket.write(answerBytes({ status: 200, body })))
  await cluster.request('app.put.mail', {
    provider: 'oidc',
    authorizeUrl: `${provider.url}/authorize`,
    tokenUrl: `${provider.url}/token`,
    clientId: 'mailer',
    clientSecret: 'secret',
    scopes: ['mail'],
  })
})
afterAll(async () => {
  await dispatcher.close()
  await provider[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const fronts = [
  { name: 'a proxy that strips the prefix', start: startReverseProxy, strips: true, there: true },
  { name: 'a proxy that forwards the prefix', start: startReverseProxy, strips: false, there: true },
  { name: 'nginx that strips the prefix', start: startNginx, strips: true, there: hasNginx },
  { name: 'nginx that forwards the prefix', start: startNginx, strips: false, there: hasNginx },
]

describe.each(fronts)('behind $name', ({ start, strips, there }) => {
  let front: Front

  beforeAll(async () => {
    if (there) front = await start({ to: cluster.url, prefix, strips })
  })
  afterAll(() => front?.[Symbol.asyncDispose]())

  /** What a browser sees at a path, or at an address of ours. */
  async function open(where: string | URL, { headers = {}, ...init }: Parameters<typeof request>[1] = {}) {
    const asked = new URL(where, publicUrl)
    expect(asked.href).toMatch(`${publicUrl}/`)
    const url = front.url + asked.pathname + asked.search
    const reply = await request(url, { ...init, dispatcher, headers: { host: 'tokens.example', ...headers } })
    const header = (name: string) => String(reply.headers[name] ?? '')
    return { status: reply.statusCode, header, text: await reply.body.text() }
  }

  /** Everything a page names is there, under the prefix. */
  async function expectWhole(page: string, text: string) {
    const named = [
      ...text.matchAll(/(?:src|href|import|from) ?=?["' ]*"?'?((?:[./\w-]+)\.(?:css|json|js|svg))\b/g),
    ]
    const files = named.map(([, file]) => new URL(file as string, new URL(page, publicUrl)))
    for (const file of files) {
      const { status, header, text } = await open(file)
      expect(`${status} ${file}`).toBe(`200 ${file}`)
      if (/css|javascript/.test(header('content-type'))) await expectWhole(file.href, text)
    }
    return files.length
  }

  it.skipIf(!there)('serves the page with all its files', async () => {
    const { status, text } = await open(`${prefix}/`)
    expect(status).toBe(200)
    expect(await expectWhole(`${prefix}/`, text)).toBeGreaterThan(2)
  })

  it.skipIf(!there)('serves the documentation with the public URL', async () => {
    const { text } = await open(`${prefix}/docs`)
    expect(await expectWhole(`${prefix}/docs`, text)).toBeGreaterThan(1)
    const { servers } = JSON.parse((await open(`${prefix}/openapi.json`)).text)
    expect(servers).toEqual([{ url: publicUrl }])
  })

  it.skipIf(!there)('restricts its cookie to the prefix, and to TLS', async () => {
    const { header } = await open(`${prefix}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://tokens.example' },
      body: JSON.stringify({ apiToken: cluster.adminToken }),
    })
    expect(header('set-cookie')).toMatch(/; Path=\/tokenbus\/; .*; Secure$/)
  })

  it.skipIf(!there)('runs a consent from start to end', async () => {
    const authorization = `Bearer ${cluster.adminToken}`
    const form = await open(`${prefix}/v1/authentication/form`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({
        account: 'carol',
        email: 'carol@example.com',
        redirectUrl: 'https://app.example/',
        type: 'mail',
      }),
    })
    const { header } = await open(JSON.parse(form.text).url)
    const asked = new URL(header('location')).searchParams
    expect(asked.get('redirect_uri')).toBe(`${publicUrl}/oauth`)
    const callback = `${publicUrl}/oauth?${new URLSearchParams({ code: 'code-1', state: asked.get('state') ?? '' })}`
    expect(header('set-cookie')).toMatch(/; Path=\/tokenbus\/oauth; .*; Secure$/)
    const [cookie = ''] = header('set-cookie').split(';')
    const done = await open(callback, { headers: { cookie } })
    expect(done.header('location')).toMatch(/^https:\/\/app\.example\/\?account=carol&state=/)
    expect(provider.requests.at(-1)).toContain(encodeURIComponent(`${publicUrl}/oauth`))
    const unknown = await open(`${publicUrl}/oauth?code=code-2&state=unknown`)
    expect(unknown.status).toBe(400)
    expect(await expectWhole(`${prefix}/oauth`, unknown.text)).toBe(1)
  })

  it.skipIf(!there)('offers a choice of apps whose links work', async () => {
    const wish = { account: 'dora', redirectUrl: 'https://app.example/' }
    const { body } = await cluster.ask('POST', '/v1/authentication/form', { body: wish })
    const { text } = await open(body.url)
    const [, href = ''] = /href="([^"]*app=mail)"/.exec(text) ?? []
    expect((await open(href.replaceAll('&amp;', '&'))).status).toBe(302)
  })

  it.skipIf(!there)('serves tokens, and audits the client’s address', async () => {
    const asked = {
      headers: { authorization: `Bearer ${cluster.adminToken}`, 'x-forwarded-for': '203.0.113.7' },
    }
    for (let times = 0; times < 2; times++)
      expect((await open(`${prefix}/v1/account/alice/oauth-token`, asked)).status).toBe(200)
    await cluster.node.says(/"account":"alice","address":"127\.0\.0\.1"/)
    expect(cluster.node.output()).not.toContain('"address":"203.0.113.7"')
  })
})

it('the prefix without a slash redirects to the page', async () => {
  const reply = await fetch(`${cluster.url}${prefix}`, { redirect: 'manual' })
  expect([reply.status, reply.headers.get('location')]).toEqual([302, `${prefix}/`])
})
