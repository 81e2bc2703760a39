import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/node/config.ts'
import { describeConfig } from '../../src/node/describe-config.ts'
import { proxyFor } from '../../src/provider/outgoing-proxies.ts'

const proxiesOf = (env: Record<string, string>) => readConfig(env, 'dev').proxies

describe('proxy variables', () => {
  const reached = (url: string, env: Record<string, string>) => {
    const { protocol, hostname, port } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    return proxyFor({ protocol, host, port: Number(port) || 443 }, proxiesOf(env))?.url
  }
  const https = { HTTPS_PROXY: 'http://proxy.example.com:3128' }

  it.each([
    ['https by HTTPS_PROXY', 'https://a.example', https, 'http://proxy.example.com:3128'],
    ['http not by HTTPS_PROXY', 'http://a.example', https, undefined],
    [
      'https by HTTP_PROXY if there is no other',
      'https://a.example',
      { HTTP_PROXY: 'http://p:1' },
      'http://p:1',
    ],
    ['lower case first', 'https://a.example', { ...https, https_proxy: 'http://p:1' }, 'http://p:1'],
    ['without a scheme', 'https://a.example', { HTTPS_PROXY: 'p:3128' }, 'http://p:3128'],
    ['over TLS', 'https://a.example', { HTTPS_PROXY: 'https://p:3129' }, 'https://p:3129'],
  ])('%s', (_, url, env, proxy) => expect(reached(url, env)).toBe(proxy))

  it.each([
    ['*', 'https://a.example'],
    ['b.example, a.example', 'https://a.example'],
    ['b.example a.example', 'https://deep.A.example.'],
    ['.a.example', 'https://deep.a.example'],
    ['*.a.example', 'https://deep.a.example'],
    ['a.example:8443', 'https://a.example:8443'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['fd00::/8', 'https://[fd00::1]'],
    ['[fd00::1]:443', 'https://[fd00::1]'],
    ['::1', 'https://[::1]'],
  ])('NO_PROXY=%s: %s is reached directly', (noProxy, url) =>
    expect(reached(url, { ...https, NO_PROXY: noProxy })).toBeUndefined(),
  )

  it.each([
    ['a.example', 'https://nota.example'],
    ['a.example:8443', 'https://a.example'],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/', 'https://11.1.2.3'],
    ['10.0.0.0/33', 'https://10.0.0.0'],
    ['fd00::/8', 'https://10.1.2.3'],
    ['0.0.0.0/0', 'https://a.example'],
  ])('NO_PROXY=%s: %s is reached through the proxy', (noProxy, url) =>
    expect(reached(url, { ...https, NO_PROXY: noProxy })).toBe('http://proxy.example.com:3128'),
  )

  it.each(['ftp://p', 'http://', 'socks5://p:1080', 'http://a:%zz@p'])('reject %s', (proxy) => {
    expect(() => proxiesOf({ HTTPS_PROXY: proxy })).toThrow(/^HTTPS_PROXY: must be the address of a proxy/)
  })

  it('do not reveal a proxy’s credentials in errors', () => {
    const env = { HTTPS_PROXY: 'http://me:p%40ss@proxy.example.com:3128' }
    const read = readConfig(env, 'dev')
    expect(read.proxies.https?.authorization?.reveal()).toBe(`Basic ${btoa('me:p@ss')}`)
    const printed = JSON.stringify(describeConfig(read))
    expect(printed).toContain('"url":"http://proxy.example.com:3128"')
    expect(printed).not.toMatch(/p@ss|p%40ss|Basic/)
  })
})
