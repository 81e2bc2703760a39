import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { Secret } from '../common/secret.ts'

/** A forward proxy, used with CONNECT (RFC 9110 §9.3.6). */
export interface OutgoingProxy {
  /** Its origin, without credentials. */
  readonly url: string
  /** Value of `Proxy-Authorization`. */
  readonly authorization?: Secret
}

export interface OutgoingProxies {
  readonly http?: OutgoingProxy | undefined
  readonly https?: OutgoingProxy | undefined
  /**
   * Host names including their subdomains, addresses and networks, each optionally with a port; `*` matches everything.
   */
  readonly noProxy: readonly string[]
}

export const noProxies: OutgoingProxies = { noProxy: [] }

const proxySchema = z
  .string()
  .max(2_048)
  .transform((text, check) => {
    const withScheme = text.includes('://') ? text : `http://${text}`
    const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined
    if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) {
      const authorization = basicOf(url)
      if (authorization !== undefined) return { url: url.origin, ...authorization }
    }
    check.addIssue(
      'must be the address of a proxy such as http://proxy.example.com:3128, credentials in it percent-encoded',
    )
    return z.NEVER
  })
  .optional()

/** No proxy. `undefined` for invalid credentials. */
function basicOf({ username, password }: URL): Pick<OutgoingProxy, 'authorization'> | undefined {
  if (username === '' && password === '') return {}
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { authorization: new Secret(`Basic ${Buffer.from(credentials).toString('base64')}`) }
  } catch {
    return undefined
  }
}

const noProxySchema = z
  .string()
  .max(16_384)
  .transform((text) => text.split(/[,\s]+/).filter((each) => each !== ''))
  .optional()

/** Reads the proxy variables of the environment. */
export const proxyVariables = {
  HTTP_PROXY: proxySchema,
  http_proxy: proxySchema,
  HTTPS_PROXY: proxySchema,
  https_proxy: proxySchema,
  NO_PROXY: noProxySchema,
  no_proxy: noProxySchema,
}

/**
 * As in undici's `EnvHttpProxyAgent`: lower case takes precedence, and `HTTP_PROXY` is used for https if there is no
 * other.
 */
export function proxiesOf(read: z.output<z.ZodObject<typeof proxyVariables>>): OutgoingProxies {
  const http = read.http_proxy ?? read.HTTP_PROXY
  const https = read.https_proxy ?? read.HTTPS_PROXY ?? http
  return { http, https, noProxy: read.no_proxy ?? read.NO_PROXY ?? [] }
}

export interface Target {
  readonly protocol: string
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** The proxy for this address; undefined for a direct connection. */
export function proxyFor(
  { protocol, host, port }: Target,
  { http, https, noProxy }: OutgoingProxies,
): OutgoingProxy | undefined {
  const proxy = protocol === 'https:' ? https : http
  if (proxy === undefined) return undefined
  const name = host.toLowerCase().replace(/\.$/, '')
  return noProxy.some((entry) => covers(entry.toLowerCase(), name, port)) ? undefined : proxy
}

function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true
  const { name, onlyPort } = parted(entry)
  if (onlyPort !== undefined && onlyPort !== port) return false
  if (isIP(host) !== 0) return coversAddress(name, host)
  const domain = name.replace(/^\*?\./, '')
  return host === domain || host.endsWith(`.${domain}`)
}

function parted(entry: string): { name: string; onlyPort?: number } {
  if (isIP(entry.split('/')[0] ?? '') === 6) return { name: entry }
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? []
  const name = bracketed ?? plain ?? entry
  return port === undefined ? { name } : { name, onlyPort: Number(port) }
}

function coversAddress(entry: string, address: string): boolean {
  const [network = '', bits] = entry.split('/')
  const family = isIP(network)
  const longest = family === 6 ? 128 : 32
  const length = bits === undefined ? longest : /^\d+$/.test(bits) ? Number(bits) : Number.NaN
  if (family === 0 || family !== isIP(address) || !(length <= longest)) return false
  const list = new BlockList()
  list.addSubnet(network, length, `ipv${family as 4 | 6}`)
  return list.check(address, `ipv${family as 4 | 6}`)
}
