import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { type Failed, fail } from '../contract/failures.ts'
import { type AtOnce, serverAnsweringAtOnce } from './at-once.ts'
import { errorBody, sendRefusal } from './errors.ts'
import { withoutBasePath } from './public-url.ts'
import { json } from './route.ts'
import { addSecurityHeaders, securityHeaders } from './security-headers.ts'
import { createCallerAddress, createTrustProxy } from './trusted-proxies.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The prefix of a reverse proxy for the paths in links; empty without one. */
    readonly basePath: string
  }
  interface FastifyRequest {
    /** The address for rate limits and the audit log. */
    readonly callerAddress: string
  }
}

export interface HardenedServerOptions {
  readonly atOnce?: AtOnce
  /** True if the node is about to stop, so that clients do not keep connections. */
  readonly leaving?: () => boolean
  readonly basePath?: string
  readonly trustedProxies?: readonly string[]
}

/** The longest encoding of an account id: 256 code points of 4 bytes, each percent-encoded. */
const longestParam = 256 * 12
/** Large enough for two tokens and a key of 16 KB each. */
const largestBody = 131_072
/** Milliseconds for a request's headers, for the whole request, and between requests on a connection. */
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
}

/** Milliseconds for requests in flight when the server closes: as long as a request waits for a refresh. */
const answeredWithin = 4_000

/** A failure of a request that the HTTP parser rejects. */
interface Unparsed {
  readonly failure: Failed['failure']
  readonly fields: undefined
}

const refusal = (...failing: Parameters<typeof fail>): Unparsed => ({
  failure: fail(...failing).failure,
  fields: undefined,
})
const malformed = refusal('bad_request', 'the request is malformed')
const unparsed: Record<string, Unparsed> = {
  HPE_HEADER_OVERFLOW: refusal('headers_too_large', 'the headers of the request are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: refusal('request_timeout', 'the request was not complete in time'),
}

/** A Fastify server that rejects slow, oversized and malformed requests. */
export function hardenedServer({
  atOnce = () => undefined,
  leaving = () => false,
  basePath = '',
  trustedProxies = [],
}: HardenedServerOptions = {}): FastifyInstance {
  let closing = false
  const trustProxy = createTrustProxy(trustedProxies)
  const callerAddress = createCallerAddress(trustProxy)
  const server = fastify({
    serverFactory: (others) =>
      serverAnsweringAtOnce({
        options: limits,
        urlOf: withoutBasePath(basePath),
        // Fastify sends `connection: close` while the server stops.
        atOnce: (request) => (closing || leaving() ? undefined : atOnce(request)),
        others,
      }),
    trustProxy,
    forceCloseConnections: 'idle',
    // A request that arrives while others are being finished is finished too.
    return503OnClosing: false,
    bodyLimit: largestBody,
    routerOptions: { maxParamLength: longestParam },
    exposeHeadRoutes: true,
    frameworkErrors: (_error, _request, reply) => void sendRefusal(reply, malformed),
    clientErrorHandler: (error, socket) => refuseConnection(error.code, socket),
  })
  server.decorate('basePath', basePath)
  server.decorateRequest('callerAddress', {
    getter() {
      return callerAddress(this.raw)
    },
  })
  const silent = connectionsWithoutRequest(server)
  server.addHook('preClose', (done) => {
    closing = true
    for (const socket of silent) socket.destroy()
    // A reader that stalls would keep the server open forever.
    const cut = setTimeout(() => server.server.closeAllConnections(), answeredWithin).unref()
    server.server.once('close', () => clearTimeout(cut))
    done()
  })
  server.addHook('onRequest', async (_, reply) => {
    if (leaving()) reply.header('connection', 'close')
  })
  acceptJsonOnly(server)
  addSecurityHeaders(server)
  return server
}

/**
 * Connections without a request yet: Node does not treat them as idle, and they never time out once the server closes.
 */
function connectionsWithoutRequest({ server }: FastifyInstance): ReadonlySet<Socket> {
  const silent = new Set<Socket>()
  server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.prependListener('request', ({ socket }) => void silent.delete(socket))
  return silent
}

/** Errors of the HTTP parser, before there is a request. */
function refuseConnection(code: string, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const refusal = unparsed[code] ?? malformed
  const { statusCode } = errorBody(refusal)
  const body = JSON.stringify(errorBody(refusal))
  const headers = {
    ...securityHeaders,
    'content-type': json,
    'content-length': body.length,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${body}`)
}

/** The parser's messages may quote a token. An empty body counts as no body. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch {
      done(Object.assign(new Error('not JSON'), { statusCode: 400 }), undefined)
    }
  })
}
