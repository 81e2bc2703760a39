import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { json } from './route.ts'
import { securityHeaders } from './security-headers.ts'

/** An answer as it goes out: names and values of its headers in turn, and the body, a character for each byte. */
export interface ReadyMade {
  readonly head: string[]
  readonly body: string
}

/** The whole answer to a request, if it is in memory; nothing of it has been read but its head. */
export type AtOnce = (request: IncomingMessage) => ReadyMade | undefined

export function readyMade(bytes: Uint8Array): ReadyMade {
  const headers = { 'content-type': json, 'content-length': String(bytes.length), ...securityHeaders }
  return { head: Object.entries(headers).flat(), body: Buffer.from(bytes).toString('latin1') }
}

export interface AnsweringAtOnce {
  /** Of Node's server. */
  readonly options: object
  /** The URL that is meant, without the prefix of a reverse proxy. */
  readonly urlOf: (url: string) => string
  readonly atOnce: AtOnce
  readonly others: RequestListener
}

/** A server that asks `atOnce` first: what Fastify does to a request costs more than finding an answer in memory. */
export function serverAnsweringAtOnce({ options, urlOf, atOnce, others }: AnsweringAtOnce): Server {
  const turn: { response: ServerResponse; ready: ReadyMade }[] = []

  function send(): void {
    for (const { response, ready } of turn) {
      response.writeHead(200, ready.head)
      // As text it is one write together with the head; as bytes it would be gathered from two.
      response.end(ready.body, 'latin1')
    }
    turn.length = 0
  }

  return createServer(options, (request, response) => {
    request.url = urlOf(request.url ?? '')
    const ready = atOnce(request)
    if (ready === undefined) return others(request, response)
    // All that one turn of the event loop finds, one after the other: a write that wakes its reader costs several times one
    // whose reader is still awake.
    if (turn.length === 0) setImmediate(send)
    turn.push({ response, ready })
  })
}
