import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { expectedFailure } from '../contract/expected-error.ts'
import type { AnsweredError, FailedRequest, VerbClass } from '../contract/failed-request.ts'
import { type FailureWord, failureStatus } from '../contract/failure-words.ts'
import { type Failure, fail, failureSchema } from '../contract/failures.ts'
import { type FieldError, fieldErrorSchema } from '../contract/field-errors.ts'
import type { Sent } from '../contract/fields.ts'
import { Refused } from './refused.ts'
import { securityHeaders } from './security-headers.ts'

/** The body of every error response. EmailEngine's clients match on `code`. */
export const errorBodySchema = failureSchema.extend({
  statusCode: z.int(),
  code: z.string().optional(),
  fields: z.array(fieldErrorSchema).optional(),
  authenticationFailed: z.literal(true).optional(),
})
export type ErrorBody = Sent<typeof errorBodySchema>

/** Codes that differ from the word in capitals; EmailEngine has none for 401. */
const codes: Partial<Record<FailureWord, string | null>> = {
  unauthorized: null,
  token_api_disabled: 'ApiEndpointDisabled',
  grant_revoked: 'OauthRenewError',
}

export function errorBody({ failure, fields }: Pick<Refused, 'failure' | 'fields'>): ErrorBody {
  const { error, message, ...details } = failure
  const code = codes[error] === undefined ? capitals(error) : codes[error]
  const named = fields ?? namedField(failure)
  return {
    statusCode: failureStatus[error],
    error,
    message,
    ...(code !== null && { code }),
    ...(named !== undefined && { fields: named }),
    // In EmailEngine it means any failure; here, only that the user must reconnect the account.
    ...(error === 'grant_revoked' && { authenticationFailed: true as const }),
    ...details,
  }
}

const internalError: ErrorBody = {
  statusCode: 500,
  error: 'internal_error',
  message: 'tokenbus failed to handle this; its log says why',
  code: 'InternalError',
}

/** Maps every failure to its response, without stacks and messages of libraries. */
export function answerErrors(
  server: FastifyInstance,
  { logger, onFailed }: { logger: Pick<Logger, 'error'>; onFailed(failed: FailedRequest): void },
): void {
  const count = (error: AnsweredError, { routeOptions }: FastifyRequest) =>
    onFailed({ error, verbs: verbClassOf(routeOptions.url), over: 'http' })

  server.setErrorHandler((error: FastifyError, request, reply) => {
    const refused = refusalOf(error)
    count(refused?.failure.error ?? 'internal_error', request)
    if (refused !== undefined) return sendRefusal(reply, refused)
    logger.error(
      { err: error, method: request.method, route: request.routeOptions.url },
      'an HTTP request failed',
    )
    return reply.code(500).send(internalError)
  })
  server.setNotFoundHandler((request, reply) => {
    count('not_found', request)
    return sendRefusal(reply, refused('not_found', nothingAt(request.url)))
  })
}

/** EmailEngine's clients may call endpoints under `/v1/` that do not exist here. */
function nothingAt(url: string): string {
  const sentence = 'no such route'
  return url.startsWith('/v1/')
    ? `${sentence}: tokenbus keeps OAuth2 tokens, and has no mail, webhooks, templates or settings as EmailEngine has`
    : sentence
}

function verbClassOf(route = ''): VerbClass {
  if (route.includes('/oauth-token')) return 'token'
  if (route.startsWith('/v1/account')) return 'account'
  return route.startsWith('/v1/oauth2') ? 'app' : 'other'
}

export function sendRefusal(reply: FastifyReply, refusal: Pick<Refused, 'failure' | 'fields'>): FastifyReply {
  const body = errorBody(refusal)
  // Fastify runs no hooks for a path it cannot read.
  reply.headers(securityHeaders)
  if (body.retryAfter !== undefined) reply.header('retry-after', body.retryAfter)
  if (body.statusCode === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(body.statusCode).type('application/json; charset=utf-8').send(JSON.stringify(body))
}

function refusalOf(error: FastifyError): Pick<Refused, 'failure' | 'fields'> | undefined {
  if (error instanceof Refused) return error
  const known = expectedFailure(error)
  if (known !== undefined) return { failure: known.failure, fields: undefined }
  const { statusCode = 500 } = error
  if (statusCode === 413) return refused('payload_too_large', 'the body of the request is too large')
  if (statusCode === 415) return refused('bad_request', 'content-type: must be application/json')
  if (statusCode >= 400 && statusCode < 500) return refused('bad_request', 'the request is malformed')
  return undefined
}

function refused(...failing: Parameters<typeof fail>): Pick<Refused, 'failure' | 'fields'> {
  return { failure: fail(...failing).failure, fields: undefined }
}

const capitals = (word: string) =>
  word.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Messages of failures begin with the field's name. */
function namedField({ error, message }: Failure): FieldError[] | undefined {
  if (error !== 'bad_request' && error !== 'invalid_config') return undefined
  const [, key, rule] = /^([A-Za-z]\w*): (.*)$/s.exec(message) ?? []
  return key === undefined || rule === undefined ? undefined : [{ key, message: rule }]
}
