import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { assertReply } from '../contract/assert-reply.ts'
import { fail, type Result } from '../contract/failures.ts'
import { fieldErrors } from '../contract/field-errors.ts'
import type { IfVersion } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import { authorize, type Needs, namedInBody } from './authorize.ts'
import type { Operation } from './operation.ts'
import { asPrecondition, etagOf, ifVersionOf } from './preconditions.ts'
import { Refused } from './refused.ts'

/** The input of a route. `principal` is null on public routes only. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly principal: Principal | null
  readonly callerAddress: string
  /** From `If-Match`, `If-None-Match`, or `ifVersion` in the body. */
  readonly ifVersion?: IfVersion
}

/** An endpoint. Its schemas check requests and, in tests, replies; the documentation is generated from them. */
export interface Route extends Pick<Operation, 'method' | 'url' | 'summary' | 'access'> {
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodType | undefined
  /** The body may be missing; only for routes that change nothing. */
  readonly bodyOptional?: boolean
  /** `handle` honours `ifVersion`; other routes reject a precondition rather than ignore it. */
  readonly checksVersion?: true
  /** The status of a success. */
  readonly answer: z.ZodType
  /** Bytes are sent unchanged, other values as JSON. */
  readonly handle: (call: Call) => Promise<Result<unknown>>
}

const none = z.strictObject({})

/** Registers a route whose handler gets the parsed input. */
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
}: Pick<Route, 'method' | 'url' | 'summary' | 'access' | 'answer' | 'bodyOptional' | 'checksVersion'> & {
  params?: P
  query?: Q
  body?: B
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Result<unknown>>
}): Route {
  return { ...rest, params: params ?? none, query: query ?? none, body, handle: handle as Route['handle'] }
}

/** The documentation of the endpoint. */
export function operationOf({
  body,
  bodyOptional = false,
  checksVersion: _,
  answer,
  handle: __,
  ...route
}: Route): Operation {
  return {
    ...route,
    ...(body && { body: { schema: body, required: !bodyOptional } }),
    answers: { 200: { description: 'Done', schema: answer } },
  }
}

export const json = 'application/json; charset=utf-8'

export function register(
  server: FastifyInstance,
  route: Route,
  { checkReplies }: { checkReplies: boolean },
): void {
  const { method, url, access } = route
  server.route({
    method,
    url,
    config: { access },
    async handler(request, reply) {
      const value = await answer(route, request)
      if (checkReplies) assertReply({ to: `${method} ${url}`, schema: route.answer, value })
      const etag = etagOf(value)
      if (etag !== undefined) reply.header('etag', etag)
      const body = value instanceof Uint8Array ? value : JSON.stringify(value)
      return reply.header('content-type', json).send(body)
    },
  })
}

async function answer(route: Route, request: FastifyRequest): Promise<unknown> {
  const { principal, callerAddress } = request
  const body = readBody(route, request.body)
  const ifVersion =
    route.method === 'GET' ? undefined : ifVersionOf({ headers: request.headers, body, route })
  const call = {
    params: read(route.params, request.params),
    query: read(route.query, request.query),
    body,
    principal,
    callerAddress,
    ...(ifVersion !== undefined && { ifVersion }),
  }
  const refused =
    principal && authorize(principal, route.access as Needs, namedInBody(route.access as Needs, call.body))
  if (refused) throw new Refused(refused.failure)
  const handled = await route.handle(call)
  const result = asPrecondition(handled, request.headers)
  if (!result.ok) throw new Refused(result.failure)
  return result.value
}

/**
 * A request without a body must not change anything: an attacker who can cause a request often cannot choose its body.
 */
function readBody({ body: schema, bodyOptional = false }: Route, body: unknown): unknown {
  if (schema === undefined) return undefined
  // In PHP, an object without fields is encoded as an empty array.
  if (body !== undefined) return read(schema, Array.isArray(body) && body.length === 0 ? {} : body)
  if (bodyOptional) return read(schema, {})
  throw new Refused(fail('bad_request', 'body: must be a JSON object, at least {}').failure)
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = fieldErrors(parsed.error)
  const message = fields.map(({ key, message: rule }) => (key === '' ? rule : `${key}: ${rule}`)).join('; ')
  throw new Refused(fail('bad_request', message).failure, fields)
}
