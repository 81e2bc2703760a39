import type { Socket } from 'node:net'
import { Client } from 'undici'
import { hostPort } from '../common/host-port.ts'
import type { OutgoingProxy } from './outgoing-proxies.ts'

/** Begins the `code` of every error that is a proxy's, not the provider's. */
export const proxyCode = 'PROXY_'

export interface TunnelOptions {
  readonly proxy: OutgoingProxy
  /** Of one host, tried in turn. */
  readonly addresses: readonly string[]
  readonly port: number
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** A connection to an address, made by a proxy. Nothing has been sent over it. Rejects with a `code` of the proxy's. */
export async function openTunnel({ proxy, addresses, port, timeout }: TunnelOptions): Promise<Socket> {
  const signal = AbortSignal.timeout(timeout)
  let status = 0
  for (const address of addresses) {
    const authority = hostPort(address, port)
    const { statusCode, socket } = await connectThrough({ proxy, authority, signal, timeout })
    if (statusCode >= 200 && statusCode < 300) return socket
    socket.on('error', () => {}).destroy()
    status = statusCode
    // Below 500 it is the request that it refuses; above, the address may be one that it has no way to.
    if (status < 500) break
  }
  throw failed(proxy, `ANSWERED_${status}`)
}

interface Connecting {
  readonly proxy: OutgoingProxy
  readonly authority: string
  readonly signal: AbortSignal
  readonly timeout: number
}

async function connectThrough({ proxy, authority, signal, timeout }: Connecting) {
  const client = new Client(proxy.url, { connect: { timeout }, headersTimeout: 0, bodyTimeout: 0 })
  const { authorization } = proxy
  const headers = { ...(authorization && { 'proxy-authorization': authorization.reveal() }) }
  try {
    const { statusCode, socket } = await client.connect({ path: authority, headers, signal })
    return { statusCode, socket: socket as Socket }
  } catch (error) {
    throw failed(proxy, signal.aborted ? 'TIMEOUT' : errnoOf(error))
  } finally {
    // Its connection is the tunnel's by now, or of no use.
    void client.destroy()
  }
}

function errnoOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'FAILED'
}

function failed({ url }: OutgoingProxy, what: string): NodeJS.ErrnoException {
  const error = new Error(`the proxy at ${url} made no connection: ${what}`)
  return Object.assign(error, { code: `${proxyCode}${what}` })
}
