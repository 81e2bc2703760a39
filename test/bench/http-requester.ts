import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Contender } from './in-turns.ts'

const connections = 128

export interface HttpAsking {
  readonly url: string
  readonly count: number
  readonly headers: Readonly<Record<string, string>>
  path(index: number): string
}

/**
 * `count` GETs, one in flight on each connection. Answers are counted by their length alone, all being equally long: a
 * client that parsed them would be what is measured.
 */
export async function httpContender(name: string, asking: HttpAsking): Promise<Contender> {
  const { hostname, port } = new URL(asking.url)
  const head = Object.entries({ host: hostname, ...asking.headers }).map(
    ([key, value]) => `${key}: ${value}\r\n`,
  )
  const request = (index: number) => `GET ${asking.path(index)} HTTP/1.1\r\n${head.join('')}\r\n`
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      return socket.setNoDelay(true)
    }),
  )
  const length = await lengthOfAnswer(sockets[0] as Socket, request(0))

  return {
    name,
    async run() {
      let next = 0
      const share = (socket: Socket) =>
        new Promise<void>((resolve) => {
          let asked = 0
          let received = 0
          const ask = (most: number) => {
            let text = ''
            for (; most > 0 && next < asking.count; most--, asked++) text += request(next++)
            if (text !== '') socket.write(text)
          }
          const onData = (chunk: Buffer) => {
            const before = Math.floor(received / length)
            received += chunk.length
            ask(Math.floor(received / length) - before)
            if (received < asked * length) return
            socket.off('data', onData)
            resolve()
          }
          socket.on('data', onData)
          ask(1)
        })
      await Promise.all(sockets.map(share))
      return { count: asking.count }
    },
  }
}

async function lengthOfAnswer(socket: Socket, request: string): Promise<number> {
  let answer = ''
  socket.write(request)
  for (;;) {
    answer += String(((await once(socket, 'data')) as [Buffer])[0])
    const end = answer.indexOf('\r\n\r\n') + 4
    const body = Number(/content-length: (\d+)/i.exec(answer)?.[1])
    if (end > 3 && answer.length >= end + body) {
      if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`not answered: ${answer}`)
      return end + body
    }
  }
}
