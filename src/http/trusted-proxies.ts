import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import proxyAddr from '@fastify/proxy-addr'
import { z } from 'zod'

/** True if `X-Forwarded-*` headers from this address are trusted. */
export type TrustProxy = (address: string, hop: number) => boolean

const trustNone: TrustProxy = () => false

/** Parses addresses and networks of reverse proxies, separated by commas. */
export const trustedProxiesSchema = z
  .string()
  .max(4_096)
  .transform((text, check) => {
    const listed = text.split(',').map((each) => each.trim())
    if (listed.every(isAddressOrNetwork)) return listed
    check.addIssue(
      'must be addresses and networks such as 10.1.2.3, 10.0.0.0/8 or fd00::/8, separated by commas',
    )
    return z.NEVER
  })

export const createTrustProxy = (listed: readonly string[]): TrustProxy =>
  listed.length === 0 ? trustNone : proxyAddr.compile([...listed])

function isAddressOrNetwork(text: string): boolean {
  if (isIP(text.split('/')[0] ?? '') === 0) return false
  try {
    proxyAddr.compile([text])
    return true
  } catch {
    return false
  }
}

export type CallerAddress = (request: IncomingMessage) => string

/** The client's address: the nearest one that is not a trusted proxy. */
export function createCallerAddress(trust: TrustProxy): CallerAddress {
  const connected = ({ socket }: IncomingMessage) => asIPv4(socket.remoteAddress ?? '')
  if (trust === trustNone) return connected
  return (request) => {
    const said = withoutPort(proxyAddr(request, trust))
    return isIP(said) === 0 ? connected(request) : asIPv4(said)
  }
}

/** Some proxies append the port to the address. */
function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? []
  return v6 ?? v4 ?? text
}

/** On a socket that listens on `::`, IPv4 clients appear as `::ffff:10.1.2.3`. */
function asIPv4(address: string): string {
  const mapped = address.slice(0, 7).toLowerCase() === '::ffff:' ? address.slice(7) : ''
  return isIPv4(mapped) ? mapped : address
}
