import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createCallerAddress,
  createTrustProxy,
  trustedProxiesSchema,
} from '../../src/http/trusted-proxies.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

describe('the address of a caller', () => {
  const callerAddress = (trusted: string, remoteAddress: string, forwarded?: string) =>
    createCallerAddress(createTrustProxy(trusted === '' ? [] : trusted.split(',')))({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage)

  it.each([
    ['is that of the connection without a proxy', '10.0.0.0/8', '10.1.2.3', undefined, '10.1.2.3'],
    ['is that of the connection if no proxy is trusted', '', '10.1.2.3', '203.0.113.7', '10.1.2.3'],
    [
      'is that of the connection from an untrusted proxy',
      '10.0.0.0/8',
      '192.0.2.1',
      '203.0.113.7',
      '192.0.2.1',
    ],
    ['is reported by a trusted proxy', '10.0.0.0/8', '10.1.2.3', '203.0.113.7', '203.0.113.7'],
    [
      'is never what the client itself reports',
      '10.0.0.0/8',
      '10.1.2.3',
      '198.51.100.1, 203.0.113.7',
      '203.0.113.7',
    ],
    ['is found behind two trusted proxies', '10.0.0.0/8', '10.1.2.3', '203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['has no port', '10.0.0.0/8', '10.1.2.3', '203.0.113.7:41234', '203.0.113.7'],
    ['has no brackets for IPv6', 'fd00::/8', 'fd00::1', '[2001:db8::7]:443', '2001:db8::7'],
    ['is IPv4 on a socket for both families', '10.0.0.0/8', '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
    ['is never an arbitrary text', '10.0.0.0/8', '10.1.2.3', '","who":"root', '10.1.2.3'],
    ['IPv4 as IPv4', '', '::ffff:192.0.2.1', undefined, '192.0.2.1'],
  ])('%s', (_, trusted, connection, forwarded, address) =>
    expect(callerAddress(trusted, connection, forwarded)).toBe(address),
  )

  it.each(['everyone', '10.0.0.0/33', '10.0.0.1;10.0.0.2', 'loopback', '', '10.0.0.1,'])(
    'rejects %j as a list of proxies',
    (text) => {
      expect(trustedProxiesSchema.safeParse(text).error?.issues[0]?.message).toMatch(
        /^must be addresses and networks such as/,
      )
    },
  )
})

describe('X-Forwarded-* headers', () => {
  let cluster: HttpCluster
  let trusting: TokenbusProcess

  beforeAll(async () => {
    cluster = await startHttpCluster({ TOKENBUS_HTTP_HOST: '::' })
    trusting = await cluster.startNode({ TOKENBUS_TRUSTED_PROXIES: '127.0.0.1' })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const signIn = (url: string, apiToken: string, headers: Record<string, string>) =>
    cluster.ask('POST', '/session', { token: null, body: { apiToken }, headers, url })
  const tls = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'tokens.example' }

  it('limit sign-in attempts by the address from a trusted proxy, otherwise by the connection', async () => {
    async function slowed(url: string): Promise<boolean> {
      const replies = await Promise.all(
        Array.from({ length: 15 }, (_, i) => signIn(url, 'wrong', { 'x-forwarded-for': `203.0.113.${i}` })),
      )
      return replies.some(({ status }) => status === 429)
    }
    expect(await slowed(trusting.httpUrl())).toBe(false)
    const { port } = new URL(cluster.url)
    expect(await slowed(`http://127.0.0.1:${port}`)).toBe(true)
  })

  it('make the cookie secure, if from a trusted proxy', async () => {
    const cookieOf = async (url: string) =>
      (await signIn(url, cluster.adminToken, tls)).headers.get('set-cookie')
    expect(await cookieOf(trusting.httpUrl())).toMatch(/; Secure$/)
    expect(await cookieOf(cluster.url)).toMatch(/; Path=\/; .*Max-Age=\d+$/)
  })

  it('set our own origin, if from a trusted proxy', async () => {
    const own = { ...tls, origin: 'https://tokens.example' }
    expect((await signIn(trusting.httpUrl(), cluster.adminToken, own)).status).toBe(200)
    expect((await signIn(cluster.url, cluster.adminToken, own)).status).toBe(403)
  })

  it('a node on :: listens for both families, and prints a usable address', () => {
    expect(cluster.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  })
})
