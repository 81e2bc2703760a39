import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fail, type Result } from '../failures.ts'
import { fieldErrors } from '../field-errors.ts'
import type { Access, Principal } from '../principal.ts'
import { Refused } from './refused.ts'
import { securityHeaders } from './security-headers.ts'

/** What a route is told. `principal` is null only where the route is open to all. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly principal: Principal | null
}

/** One endpoint: its schemas are what requests are checked against and what the documentation is made of. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly summary: string
  readonly access: Access
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodType | undefined
  /** Of a success. */
  readonly answer: z.ZodType
  /** Bytes (JSON) go out as they are, anything else as JSON. */
  readonly handle: (call: Call) => Promise<Result<unknown>>
  /** The whole answer if it is in memory; asked first, with nothing parsed yet. */
  readonly atOnce?: ((request: FastifyRequest) => ReadyMade | undefined) | undefined
}

/** An answer as it goes out: names and values of its headers in turn, and the body. */
export interface ReadyMade {
  readonly head: string[]
  readonly body: Uint8Array
}

const none = z.strictObject({})

/** A route whose handler gets what its schemas read. */
export function route<
  P extends z.ZodObject = typeof none,
  Q extends z.ZodObject = typeof none,
  B extends z.ZodType = z.ZodUndefined,
>({
  params,
  query,
  body,
  handle,
  ...rest
}: Pick<Route, 'method' | 'url' | 'summary' | 'access' | 'answer' | 'atOnce'> & {
  params?: P
  query?: Q
  body?: B
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Result<unknown>>
}): Route {
  return { ...rest, params: params ?? none, query: query ?? none, body, handle: handle as Route['handle'] }
}

export const json = 'application/json; charset=utf-8'

export function readyMade(body: Uint8Array): ReadyMade {
  const headers = { 'content-type': json, 'content-length': String(body.length), ...securityHeaders }
  return { head: Object.entries(headers).flat(), body }
}

export function register(server: FastifyInstance, { method, url, access, atOnce, ...rest }: Route): void {
  let closing = false
  if (atOnce !== undefined) {
    server.addHook('preClose', (done) => {
      closing = true
      done()
    })
  }
  server.route({
    method,
    url,
    config: { access },
    handler(request, reply) {
      // A connection has to be told when we close: Fastify does that.
      const ready = closing ? undefined : atOnce?.(request)
      return ready === undefined ? answer(rest, request, reply) : send(reply, ready)
    },
  })
}

/** Past Fastify: what it does to an answer costs more than finding this one. */
function send(reply: FastifyReply, { head, body }: ReadyMade): void {
  reply.hijack()
  reply.raw.writeHead(200, head)
  reply.raw.end(body)
}

async function answer(
  route: Omit<Route, 'method' | 'url' | 'access'>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const result = await route.handle({
    params: read(route.params, request.params),
    query: read(route.query, request.query),
    body: route.body && read(route.body, request.body ?? {}),
    principal: request.principal,
  })
  if (!result.ok) throw new Refused(result.failure)
  const { value } = result
  return reply.header('content-type', json).send(value instanceof Uint8Array ? value : JSON.stringify(value))
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = fieldErrors(parsed.error)
  const message = fields.map(({ key, message: rule }) => (key === '' ? rule : `${key}: ${rule}`)).join('; ')
  throw new Refused(fail('bad_request', message).failure, fields)
}
