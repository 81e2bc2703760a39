import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster

beforeAll(async () => {
  cluster = await startHttpCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('signing in to the page', () => {
  const signIn = (apiToken: unknown) => cluster.ask('POST', '/session', { token: null, body: { apiToken } })

  it('stores the API token where no script and no other site can use it', async () => {
    const { status, headers, body } = await signIn(cluster.adminToken)
    expect(status).toBe(200)
    expect(JSON.stringify(body)).not.toContain(cluster.adminToken)
    const cookie = headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; /)

    const [pair = ''] = cookie.split(';')
    const asked = await cluster.ask('GET', '/v1/overview', { token: null, headers: { cookie: pair } })
    expect(asked).toMatchObject({ status: 200, body: { accounts: {} } })
  })

  it.each(['', 'wrong', 7, 'x'.repeat(10_000)])('rejects other tokens (%#)', async (token) => {
    const { status, headers } = await signIn(token)
    expect(status).toBe(401)
    expect(headers.get('set-cookie')).toBeNull()
  })

  it('rejects a token that only resembles an accepted one', async () => {
    expect((await signIn(cluster.adminToken)).status).toBe(200)
    const start = cluster.adminToken.slice(0, -1)
    const last = cluster.adminToken.charCodeAt(start.length)
    for (const other of [String.fromCharCode(last + 0x100), 'é', '', 'AA'])
      expect((await signIn(start + other)).status).toBe(401)
  })

  it('is rate-limited per address after ten wrong tokens, also with successful sign-ins in between', async () => {
    const second = await cluster.startNode()
    const attempt = (apiToken: string) =>
      cluster.ask('POST', '/session', { token: null, body: { apiToken }, url: second.httpUrl() })
    for (let i = 0; i < 20; i++) expect((await attempt(cluster.adminToken)).status).toBe(200)
    const wrong = await Promise.all(Array.from({ length: 20 }, () => attempt('wrong')))
    const slowed = wrong.filter(({ status }) => status === 429)
    expect(slowed.length).toBeGreaterThan(0)
    expect(slowed[0]).toMatchObject({ body: { error: 'rate_limited', retryAfter: 2 } })
    expect(slowed[0]?.headers.get('retry-after')).toBe('2')
  })

  it('is rejected from another origin', async () => {
    const headers = { origin: 'http://127.0.0.1:1' }
    const body = { apiToken: cluster.adminToken }
    expect((await cluster.ask('POST', '/session', { token: null, headers, body })).status).toBe(403)
  })

  it('ends on request', async () => {
    const { headers } = await cluster.ask('DELETE', '/session', { token: null })
    expect(headers.get('set-cookie')).toMatch(/=; .*Max-Age=0/)
  })
})

describe('the page', () => {
  it('is public, and revalidated by ETag', async () => {
    const first = await cluster.ask('GET', '/', { token: null })
    expect(first.headers.get('content-security-policy')).toContain("script-src 'self'")
    const etag = first.headers.get('etag') ?? ''
    const again = await cluster.ask('GET', '/', { token: null, headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  it('loads no external resources', async () => {
    const { body: html } = await cluster.ask('GET', '/', { token: null })
    const files = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => `/${file}`)
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      const { status, body } = await cluster.ask('GET', file, { token: null })
      expect(status).toBe(200)
      expect(String(body).replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//)
    }
  })
})
