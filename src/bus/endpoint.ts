import type { Msg } from 'nats'
import type { Logger } from 'pino'
import type { Audit } from '../common/audit.ts'
import { assertReply } from '../contract/assert-reply.ts'
import { expectedFailure } from '../contract/expected-error.ts'
import { type AnsweredError, type FailedRequest, verbClasses } from '../contract/failed-request.ts'
import { fail, failureSchema, ok, type Result } from '../contract/failures.ts'
import { requests, type Verb } from '../contract/requests.ts'
import { decodeId } from '../contract/subject-token.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { Caller } from './callers.ts'
import { matcherOf } from './refusal-of.ts'
import { isTooLarge, respond, respondFailure, respondInternalError } from './reply.ts'
import type { RequestRoute } from './request-routes.ts'
import type { EndpointStats } from './service-announcement.ts'

export type ReadCached = (subjectToken: string, payload: Uint8Array) => Uint8Array | undefined

/** Answers one verb. Its methods never throw: an exception in a NATS callback would end the connection's read loop. */
export interface Endpoint {
  readonly stats: EndpointStats
  /** True if the message was published to this endpoint's subject; JetStream delivers messages with other subjects. */
  readonly isOwn: (subject: string) => boolean
  /** Answers synchronously if the reply is in memory; false if it is not. */
  answerFromMemory(message: Msg, caller: Caller): boolean
  answer(message: Msg, caller: Caller): Promise<void>
  /** Answers `rate_limited`. */
  respondRateLimited(message: Msg, retryAfter: number): void
}

export function createEndpoint({
  route,
  queue,
  tokenbus,
  readCached,
  audit,
  logger,
  onFailed,
  checkReplies,
}: {
  route: RequestRoute
  queue: string
  tokenbus: Tokenbus
  readCached: ReadCached | undefined
  audit: Pick<Audit, 'tokenRead'> | undefined
  logger: Logger | undefined
  onFailed: ((failed: FailedRequest) => void) | undefined
  checkReplies: boolean
}): Endpoint {
  const { verb, subject, of, readsToken } = route
  const idStart = verb.length + 1
  const verbs = verbClasses.find((each) => verb.startsWith(`${each}.`)) ?? 'other'
  const stats: EndpointStats = {
    name: verb.replaceAll('.', '-'),
    subject,
    queue_group: queue,
    num_requests: 0,
    num_errors: 0,
    last_error: '',
    processing_time: 0,
  }

  async function resultOf(message: Msg, caller: Caller): Promise<Result<unknown>> {
    const id = of === undefined ? ok('') : decodeId(message.subject.slice(idStart))
    if (!id.ok) return id
    const result = await route.answer({ tokenbus, id: id.value, payload: message.data })
    if (readsToken && result.ok) audit?.tokenRead(caller.who, id.value, caller.details)
    return result
  }

  function send(message: Msg, result: Result<unknown>): void {
    if (checkReplies) assertContract(verb, result)
    if (result.ok) {
      respond(message, result.value)
    } else {
      countError(result.failure.error)
      respondFailure(message, result.failure)
    }
  }

  function recover(message: Msg, thrown: unknown): void {
    const known = expectedFailure(thrown)
    try {
      if (isTooLarge(thrown)) {
        send(
          message,
          fail(
            'bad_request',
            'reply: larger than max_payload of the NATS server; request less with limit, where it has one, or use HTTP',
          ),
        )
      } else if (known !== undefined) {
        send(message, known)
      } else {
        countError('internal_error')
        logger?.error({ err: thrown, verb }, 'a request failed')
        respondInternalError(message)
      }
    } catch (err) {
      logger?.error({ err, verb }, 'a reply could not be sent')
    }
  }

  function countError(error: AnsweredError): void {
    stats.num_errors++
    stats.last_error = error
    onFailed?.({ error, verbs, over: 'nats' })
  }

  return {
    stats,
    isOwn: matcherOf(subject),

    answerFromMemory(message, caller) {
      if (readCached === undefined) return false
      try {
        const token = message.subject.slice(idStart)
        const bytes = readCached(token, message.data)
        if (bytes === undefined) return false
        stats.num_requests++
        if (checkReplies) assertContract(verb, ok(bytes))
        message.respond(bytes)
        audit?.tokenRead(caller.who, token.includes('%') ? decodeURIComponent(token) : token, caller.details)
        return true
      } catch (err) {
        logger?.error({ err, verb }, 'a reply from memory failed')
        return false
      }
    },

    respondRateLimited(message, retryAfter) {
      stats.num_requests++
      try {
        send(
          message,
          fail('rate_limited', 'this caller sends too many requests; wait for the seconds in retryAfter', {
            retryAfter,
          }),
        )
      } catch (thrown) {
        recover(message, thrown)
      }
    },

    async answer(message, caller) {
      const started = performance.now()
      try {
        send(message, await resultOf(message, caller))
      } catch (thrown) {
        recover(message, thrown)
      }
      stats.num_requests++
      stats.processing_time += Math.round((performance.now() - started) * 1e6)
    },
  }
}

function assertContract(verb: Verb, result: Result<unknown>): void {
  if (result.ok) assertReply({ to: verb, schema: requests[verb].reply, value: result.value })
  else assertReply({ to: verb, schema: failureSchema, value: result.failure })
}
