import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Ends every connection now. */
  cut(): void
  /** The next `times` chunks from the server never arrive; then the connection is cut. */
  loseReplies(times?: number): void
  /** Connections stay open and nothing passes, until `restore`. */
  freeze(): void
  restore(): void
  stop(): Promise<void>
}

/** A wire that misbehaves, in front of a server on loopback. */
export async function startProxy({ port }: { port: number }): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let toLose = 0
  let frozen = false
  const server = createServer((client) => {
    const upstream = connect({ port, host: '127.0.0.1' })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', (data) => frozen || upstream.write(data))
    upstream.on('data', (data) => {
      if (frozen) return
      if (toLose === 0) return void client.write(data)
      if (--toLose === 0) end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  const stop = async () => {
    cut()
    server.close()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    loseReplies(times = 1) {
      toLose = times
    },
    freeze() {
      frozen = true
    },
    restore() {
      frozen = false
      cut()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
