import fastify, { type FastifyInstance } from 'fastify'
import { fail } from '../failures.ts'
import { errorBody, sendRefusal } from './errors.ts'
import { addSecurityHeaders } from './security-headers.ts'

/** An account id in its longest spelling: 256 code points of 4 bytes, each percent-encoded. */
const longestParam = 256 * 12
/** Two tokens of 16 KB and a key of as much fit. */
const largestBody = 131_072
/** Milliseconds for a request's head, and for all of it. */
const headWithin = 5_000
const requestWithin = 10_000
const keptAlive = 72_000

const malformed = { failure: fail('bad_request', 'the request is malformed').failure, fields: undefined }

/** A Fastify that gives slow, oversized and malformed requests short shrift. */
export function hardenedServer(): FastifyInstance {
  const server = fastify({
    forceCloseConnections: 'idle',
    bodyLimit: largestBody,
    requestTimeout: requestWithin,
    keepAliveTimeout: keptAlive,
    routerOptions: { maxParamLength: longestParam },
    exposeHeadRoutes: false,
    http: { headersTimeout: headWithin, connectionsCheckingInterval: 1_000 },
    frameworkErrors: (_error, _request, reply) => void sendRefusal(reply, malformed),
    clientErrorHandler(_error, socket) {
      if (!socket.writable) return void socket.destroy()
      const body = JSON.stringify(errorBody(malformed))
      const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
      socket.end(head + body)
    },
  })
  acceptJsonOnly(server)
  addSecurityHeaders(server)
  return server
}

/** The parser's own messages quote what was sent, which may be a token. An empty body is `{}`. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(body as string))
    } catch {
      done(Object.assign(new Error('not JSON'), { statusCode: 400 }), undefined)
    }
  })
}
