import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Ends every connection now. */
  cut(): void
  /** Nobody gets through, old or new, until `restore`. */
  refuse(): void
  /** Everything takes so many milliseconds longer from now on, each way. */
  delay(milliseconds: number): void
  /** The next `times` chunks from the server never arrive; then the connection is cut. */
  loseReplies(times?: number): void
  /** From the next request with this text on, no reply is forwarded until `restore`; requests still are. */
  holdRepliesFrom(text: string): void
  /** Connections stay open and nothing passes, until `restore`. */
  freeze(): void
  /** Good again; what was held is lost with its connection. */
  restore(): void
  stop(): Promise<void>
}

/** A wire that misbehaves, in front of a server on loopback. */
export async function startProxy({ port }: { port: number }): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let toLose = 0
  let way: 'open' | 'refused' | 'one-way' | 'frozen' = 'open'
  let trigger: string | undefined
  let slower = 0
  const pass = (to: Socket, data: Buffer) => {
    if (slower === 0) to.write(data)
    else setTimeout(() => to.destroyed || to.write(data), slower)
  }
  const server = createServer((client) => {
    if (way === 'refused') return void client.destroy()
    const upstream = connect({ port, host: '127.0.0.1' })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', (data) => {
      if (way === 'frozen') return
      if (trigger !== undefined && data.includes(trigger)) way = 'one-way'
      pass(upstream, data)
    })
    upstream.on('data', (data) => {
      if (way !== 'open') return
      if (toLose === 0) return pass(client, data)
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
    refuse() {
      way = 'refused'
      cut()
    },
    delay(milliseconds) {
      slower = milliseconds
    },
    loseReplies(times = 1) {
      toLose = times
    },
    holdRepliesFrom(text) {
      trigger = text
    },
    freeze() {
      way = 'frozen'
    },
    restore() {
      way = 'open'
      trigger = undefined
      slower = 0
      cut()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
