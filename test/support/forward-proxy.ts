import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface Asked {
  /** `host:port` of a CONNECT. */
  readonly authority: string
  readonly authorization: string | undefined
}

export interface ForwardProxy extends AsyncDisposable {
  readonly url: string
  readonly asked: Asked[]
}

export interface ForwardProxyOptions {
  /** The local port to connect an authority to; by default the authority's port. */
  readonly portOf?: (authority: string) => number
  /** Of the answer to a CONNECT; null: none comes. */
  readonly status?: (authority: string) => number | null
  /** Certificate and key for `localhost`: the proxy itself is reached over TLS. */
  readonly tls?: ServerOptions
}

/** A forward proxy that makes tunnels, all of them to this machine. */
export async function startForwardProxy({
  portOf = (authority) => Number(authority.replace(/^.*:/, '')),
  status = () => 200,
  tls,
}: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  const refuse = (_: IncomingMessage, answer: ServerResponse) => void answer.writeHead(501).end()
  const server = tls === undefined ? createServer(refuse) : createTlsServer(tls, refuse)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.on('connect', ({ url = '', headers }: IncomingMessage, client: Socket) => {
    asked.push({ authority: url, authorization: headers['proxy-authorization'] })
    const answered = status(url)
    if (answered === null) return
    if (answered !== 200) return void client.end(`HTTP/1.1 ${answered} No\r\ncontent-length: 0\r\n\r\n`)
    const there = connect(portOf(url), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      there.pipe(client).pipe(there)
    })
    sockets.add(there)
    client.on('close', () => there.destroy())
    there.on('error', () => client.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
