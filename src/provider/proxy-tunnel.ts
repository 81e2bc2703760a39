import type { Socket } from 'node:net'
import { Client } from 'undici'
import { hostPort } from '../common/host-port.ts'
import type { OutgoingProxy } from './outgoing-proxies.ts'

/** The prefix of the `code` of errors of a proxy, as opposed to the provider. */
export const proxyCode = 'PROXY_'

export interface TunnelOptions {
  readonly proxy: OutgoingProxy
  /** The addresses of one host, tried in order. */
  readonly addresses: readonly string[]
  readonly port: number
  /** Milliseconds for all attempts. */
  readonly timeout: number
}

/**
 * Opens a connection to an address through a proxy. Nothing has been sent over it. Rejects with an error `code` of the
 * proxy.
 */
export async function openTunnel({ proxy, addresses, port, timeout }: TunnelOptions): Promise<Socket> {
  const signal = AbortSignal.timeout(timeout)
  let status = 0
  for (const address of addresses) {
    const authority = hostPort(address, port)
    const { statusCode, socket } = await connectThrough({ proxy, authority, signal, timeout })
    if (statusCode >= 200 && statusCode < 300) return socket
    socket.on('error', () => {}).destroy()
    status = statusCode
    // Below 500 the proxy refuses the request; from 500 on it may not reach this address, so the next one is tried.
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
    // The connection now belongs to the tunnel, or is unusable.
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
