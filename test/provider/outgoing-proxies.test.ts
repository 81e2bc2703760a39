import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { readConfig } from '../../src/node/config.ts'
import type { Resolve } from '../../src/provider/guarded-connector.ts'
import type { ProviderOptions } from '../../src/provider/provider.ts'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { config, refusalOf, startProvider, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

const tokens = answerBytes({ status: 200, body: '{"access_token":"at-1","token_type":"bearer"}' })
const proxiesOf = (env: Record<string, string>) => readConfig(env, 'dev').proxies

interface Asking extends Partial<ProviderOptions> {
  readonly tokenUrl: string
  readonly env: Record<string, string>
  readonly timing?: { connectMs: number; answerMs: number }
}

/** One refresh of a fresh node with this environment. */
async function askThrough({ tokenUrl, env, timing, ...options }: Asking) {
  await using provider = startProvider({ ...options, proxies: proxiesOf(env) })
  return await provider.refreshToken({
    config: { ...config, tokenUrl },
    clientSecret: new Secret('the client secret'),
    user: 'alice',
    refreshToken: new Secret('refresh-1'),
    timing: timing ?? { connectMs: 5_000, answerMs: 10_000 },
  })
}

const unsent = { class: 'T', sent: false, inDoubt: false, reason: 'proxy_failed' }

describe('outgoing proxies', () => {
  it('a request is tunnelled to the locally resolved address', async () => {
    await using server = await startRawServer((socket) => socket.write(tokens))
    await using proxy = await startForwardProxy()
    const { port } = new URL(server.url)
    const env = { HTTP_PROXY: proxy.url.replace('//', '//me:p%40ss@') }
    await tokensOf(askThrough({ tokenUrl: `http://localhost:${port}/token`, env, resolve: toLoopback }))
    expect(proxy.asked).toEqual([
      { authority: `127.0.0.1:${port}`, authorization: `Basic ${btoa('me:p@ss')}` },
    ])
    expect(server.requests[0]).toMatch(new RegExp(`^host: localhost:${port}\r$`, 'im'))
    expect(server.requests[0]).not.toMatch(/proxy/i)
  })

  it('a host in NO_PROXY is reached directly', async () => {
    await using server = await startRawServer((socket) => socket.write(tokens))
    await using proxy = await startForwardProxy()
    await tokensOf(
      askThrough({ tokenUrl: server.url, env: { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.0/8' } }),
    )
    expect(proxy.asked).toEqual([])
  })

  it('TLS is established with the provider, under its name', async () => {
    let hello = ''
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (bytes) => {
          hello = bytes.toString('latin1')
          socket.destroy()
        })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    await using proxy = await startForwardProxy({ portOf: () => port })
    const refusal = await refusalOf(
      askThrough({
        tokenUrl: 'https://provider.example/token',
        env: { HTTPS_PROXY: proxy.url },
        allowPrivate: false,
        resolve: (_, done) =>
          done(null, [
            { address: '192.168.0.1', family: 4 },
            { address: '8.8.8.8', family: 4 },
          ]),
      }),
    )
    server.close()
    // The private one of its addresses is left out.
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(['8.8.8.8:443'])
    expect(hello).toContain('provider.example')
    expect(refusal).toMatchObject({ class: 'T', sent: false, inDoubt: false })
  })

  it.each([
    ['a name with private addresses only', 'https://provider.example/token'],
    ['a private address', 'https://10.1.2.3/token'],
    ['a private IPv6 address', 'https://[::1]/token'],
    ['IPv6 with an embedded private IPv4 address', 'https://[64:ff9b::10.0.0.1]/token'],
    ['a private name', 'https://metadata.google.internal/token'],
  ])('%s is refused without a request to the proxy', async (_, tokenUrl) => {
    await using proxy = await startForwardProxy()
    const refusal = await refusalOf(
      askThrough({ tokenUrl, env: { HTTPS_PROXY: proxy.url }, allowPrivate: false, resolve: toLoopback }),
    )
    expect(refusal).toMatchObject({ class: 'C', reason: 'endpoint_not_allowed', sent: false })
    expect(proxy.asked).toEqual([])
  })

  it.each([
    [407, 1],
    [403, 1],
    [502, 2],
  ])('%s of the proxy is proxy_failed, unsent, after %s addresses', async (status, times) => {
    await using proxy = await startForwardProxy({ status: () => status })
    const refusal = await refusalOf(
      askThrough({
        tokenUrl: 'https://provider.example/token',
        env: { HTTPS_PROXY: proxy.url },
        resolve: (_, done) =>
          done(null, [
            { address: '2001:4860::1', family: 6 },
            { address: '8.8.8.8', family: 4 },
          ]),
      }),
    )
    expect(refusal).toMatchObject({
      ...unsent,
      action: 'wait; if it lasts, check HTTPS_PROXY and the rules of the proxy',
      providerError: { status: null, error: `PROXY_ANSWERED_${status}` },
    })
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(
      ['[2001:4860::1]:443', '8.8.8.8:443'].slice(0, times),
    )
  })

  it('an unreachable proxy is proxy_failed', async () => {
    const refusal = await refusalOf(
      askThrough({ tokenUrl: 'https://8.8.8.8/token', env: { HTTPS_PROXY: 'http://127.0.0.1:1' } }),
    )
    expect(refusal).toMatchObject({ ...unsent, providerError: { error: 'PROXY_ECONNREFUSED' } })
  })

  it('a proxy that does not respond times out, and nothing is sent later', async () => {
    await using server = await startRawServer((socket) => socket.write(tokens))
    await using proxy = await startForwardProxy({ status: () => null })
    const refusal = await refusalOf(
      askThrough({
        tokenUrl: server.url,
        env: { HTTP_PROXY: proxy.url },
        timing: { connectMs: 100, answerMs: 5_000 },
      }),
    )
    expect(refusal).toMatchObject({ class: 'T', sent: false, inDoubt: false, reason: 'connect_timeout' })
    expect(server.requests).toEqual([])
  })

  it('a request that was sent is awaited longer than the connect time-out', async () => {
    await using server = await startRawServer((socket) => setTimeout(() => socket.end(tokens), 2_500))
    await using proxy = await startForwardProxy()
    const timing = { connectMs: 2_000, answerMs: 10_000 }
    await tokensOf(askThrough({ tokenUrl: server.url, env: { HTTP_PROXY: proxy.url }, timing }))
  })

  it('a tunnel that breaks after the request was sent makes the outcome unknown', async () => {
    await using server = await startRawServer((socket) => socket.destroy())
    await using proxy = await startForwardProxy()
    const refusal = await refusalOf(askThrough({ tokenUrl: server.url, env: { HTTP_PROXY: proxy.url } }))
    expect(refusal).toMatchObject({ class: 'T', sent: true, inDoubt: true, reason: 'connection_lost' })
    expect(server.requests).toHaveLength(1)
  })

  it('a tunnel is reused', async () => {
    await using server = await startRawServer((socket) => socket.write(tokens))
    await using proxy = await startForwardProxy()
    await using provider = startProvider({ proxies: proxiesOf({ HTTP_PROXY: proxy.url }) })
    for (let times = 0; times < 5; times++)
      await tokensOf(
        provider.refreshToken({
          config: { ...config, tokenUrl: server.url },
          user: 'alice',
          refreshToken: new Secret('refresh-1'),
          timing: { connectMs: 5_000, answerMs: 10_000 },
        }),
      )
    expect(server.requests).toHaveLength(5)
    expect(proxy.asked.length).toBeLessThan(3)
  })
})

const toLoopback: Resolve = (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
