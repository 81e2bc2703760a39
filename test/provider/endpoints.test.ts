import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createEndpoints } from '../../src/provider/endpoints.ts'
import { createHttp } from '../../src/provider/http.ts'
import { eventually } from '../support/eventually.ts'
import { config } from './ask.ts'

type Answer = (
  url: string,
  issuer: string,
) => { status: number; body?: unknown; location?: string } | undefined

async function startIssuer(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url ?? '')
    const given = answer(request.url ?? '', issuer)
    if (given === undefined) return
    const { location } = given
    response.writeHead(given.status, { 'content-type': 'application/json', ...(location && { location }) })
    response.end(JSON.stringify(given.body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = createHttp({ allowPrivate: true })
  let time = 0
  const endpoints = createEndpoints({ http, allowPrivate: true, now: () => time })
  return {
    issuer,
    asked,
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    resolve: (settings = {}, within = 1_000, bypassCache = false) =>
      endpoints.resolve({
        config: { ...config, issuer, ...settings },
        endpoint: 'token_endpoint',
        within,
        bypassCache,
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await http.close()
    },
  }
}

const metadata: Answer = (_, issuer) => ({ status: 200, body: { issuer, token_endpoint: `${issuer}/token` } })
const hour = 3_600_000

describe('discovery', () => {
  test('is requested once for concurrent callers, and again after an hour while the old result is used', async () => {
    await using server = await startIssuer(metadata)
    const found = await Promise.all(Array.from({ length: 20 }, () => server.resolve()))
    for (const each of found) expect(each).toMatchObject({ ok: true, url: new URL(`${server.issuer}/token`) })
    server.pass(hour - 1)
    await server.resolve()
    expect(server.asked).toEqual(['/.well-known/openid-configuration'])
    server.pass(1)
    await Promise.all([server.resolve(), server.resolve()])
    await eventually(() => expect(server.asked).toHaveLength(2))
  })

  test('falls back on RFC 8414', async () => {
    await using server = await startIssuer((url, issuer) =>
      url.includes('openid') ? { status: 404, body: {} } : metadata(url, issuer),
    )
    expect(await server.resolve()).toMatchObject({ ok: true })
    expect(server.asked).toEqual([
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ])
  })

  test.each([301, 302, 307, 308])('follows a redirect (%i) on the same host', async (status) => {
    await using server = await startIssuer((url, issuer) =>
      url === '/metadata?a=b' ? metadata(url, issuer) : { status, location: '../metadata?a=b' },
    )
    expect(await server.resolve()).toMatchObject({ ok: true })
    expect(server.asked).toEqual(['/.well-known/openid-configuration', '/metadata?a=b'])
  })

  test('follows no redirect to another host, nor a redirect loop', async () => {
    await using other = await startIssuer(metadata)
    for (const location of [`${other.issuer}/x`, '//127.0.0.1:1/x', 'file:///etc/passwd', '/round']) {
      await using server = await startIssuer(() => ({ status: 302, location }))
      expect(await server.resolve()).toMatchObject({ ok: false, refusal: { reason: 'discovery_failed' } })
      expect(server.asked.length).toBeLessThanOrEqual(4)
    }
    expect(other.asked).toEqual([])
  })

  test('with a wrong issuer names the one found', async () => {
    await using server = await startIssuer((_, issuer) => ({
      status: 200,
      body: { issuer: `${issuer}/realms/ours`, token_endpoint: `${issuer}/token` },
    }))
    expect(await server.resolve()).toMatchObject({
      ok: false,
      refusal: {
        action: expect.stringContaining(`its metadata is that of ${server.issuer}/realms/ours`),
      },
    })
    await using strange = await startIssuer(() => ({ status: 200, body: { issuer: 'https://a b\n' } }))
    expect(await strange.resolve()).toMatchObject({
      ok: false,
      refusal: { action: expect.not.stringContaining('a b') },
    })
  })

  test('that fails sends nothing, and is retried by the next request', async () => {
    let well = false
    await using server = await startIssuer((url, issuer) =>
      well ? metadata(url, issuer) : { status: 503, body: { error: 'invalid_grant' } },
    )
    expect(await server.resolve()).toMatchObject({
      ok: false,
      refusal: { class: 'T', reason: 'discovery_failed', sent: false, inDoubt: false },
    })
    well = true
    expect(await server.resolve()).toMatchObject({ ok: true })
  })

  test('that fails later keeps the earlier result', async () => {
    let well = true
    await using server = await startIssuer((url, issuer) =>
      well ? metadata(url, issuer) : { status: 500, body: {} },
    )
    await server.resolve()
    well = false
    server.pass(2 * hour)
    await server.resolve()
    await eventually(() => expect(server.asked).toHaveLength(2))
    expect(await server.resolve()).toMatchObject({ ok: true })
    expect(server.asked).toHaveLength(2)
  })

  test('can be forced to be current, without replacing the cached result on failure', async () => {
    let well = true
    await using server = await startIssuer((url, issuer) =>
      well ? metadata(url, issuer) : { status: 500, body: {} },
    )
    await server.resolve()
    well = false
    expect(await server.resolve({}, 1_000, true)).toMatchObject({ ok: false })
    expect(await server.resolve()).toMatchObject({ ok: true })
  })

  test('that hangs times out', async () => {
    await using server = await startIssuer(() => undefined)
    expect(await server.resolve({}, 100)).toMatchObject({
      ok: false,
      refusal: { class: 'T', reason: 'connect_timeout', sent: false },
    })
  })

  test('of another issuer, or without a token endpoint, is a configuration error', async () => {
    await using other = await startIssuer((_, issuer) => ({
      status: 200,
      body: { issuer: `${issuer}/other`, token_endpoint: `${issuer}/token` },
    }))
    expect(await other.resolve()).toMatchObject({ ok: false, refusal: { class: 'C', sent: false } })
    await using without = await startIssuer((_, issuer) => ({ status: 200, body: { issuer } }))
    expect(await without.resolve()).toMatchObject({
      ok: false,
      refusal: { class: 'C', providerError: { error: 'no_token_endpoint' } },
    })
  })

  test('is not needed if the app has the endpoint', async () => {
    await using server = await startIssuer(metadata)
    expect(await server.resolve({ tokenUrl: 'http://127.0.0.1:1/t' })).toMatchObject({
      ok: true,
      url: new URL('http://127.0.0.1:1/t'),
    })
    expect(server.asked).toEqual([])
  })
})
