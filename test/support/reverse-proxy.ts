import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Front extends AsyncDisposable {
  readonly url: string
}

export interface Fronting {
  /** The upstream of requests under the prefix, and whether the prefix is stripped. */
  readonly to: string
  readonly prefix: string
  readonly strips: boolean
  /** By default any free port. */
  readonly port?: number
}

/** Where requests of a proxy come from, unlike a test's own. */
export const proxyAddress = '127.0.0.2'

/** A reverse proxy that reports TLS and the client's address. */
export async function startReverseProxy({ to, prefix, strips, port = 0 }: Fronting): Promise<Front> {
  const server = createServer((asked, answer) => {
    const { url = '', method, headers, socket } = asked
    const path = strips && url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url
    const forwarded = {
      ...headers,
      'x-forwarded-for': [headers['x-forwarded-for'], socket.remoteAddress].flat().filter(Boolean).join(', '),
      'x-forwarded-proto': 'https',
      'x-forwarded-host': headers.host,
    }
    const passed = request(
      new URL(path, to),
      { method, headers: forwarded, localAddress: proxyAddress },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 0, reply.headers)
        reply.pipe(answer)
      },
    )
    passed.on('error', () => answer.destroy())
    asked.pipe(passed)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
