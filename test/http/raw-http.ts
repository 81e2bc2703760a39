import { connect } from 'node:net'

export interface RawReply {
  /** 0 when the connection was closed without an answer. */
  readonly status: number
  readonly text: string
  /** Milliseconds. */
}

const quietFor = 300

/**
 * Sends bytes as they are and resolves once the server has closed the connection, or has answered and says no more.
 * With `trickle`, a byte goes on following each second.
 */
export function rawHttp(url: string, bytes: string, { trickle = false } = {}): Promise<RawReply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let text = ''
    let silence: NodeJS.Timeout | undefined
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
    const drip = trickle ? setInterval(() => socket.write('x'), 1_000) : undefined
    socket.on('data', (chunk) => {
      clearInterval(drip)
      text += chunk
      clearTimeout(silence)
      silence = setTimeout(() => socket.destroy(), quietFor)
    })
    // A connection that is closed while writing reports an error; only the received bytes matter.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(silence)
      clearInterval(drip)
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)
      resolve({ status, text })
    })
  })
}
