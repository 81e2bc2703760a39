import type { Msg } from 'nats'
import type { Logger } from 'pino'
import type { Tokenbus } from '../api.ts'
import { fail, type Result } from '../failures.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { isTooLarge, respond, respondFailure, respondInternalError } from './reply.ts'
import type { EndpointStats } from './service-announcement.ts'
import { decodeId } from './subject-token.ts'
import type { RequestRoute } from './subjects.ts'

export type ReadCached = (subjectToken: string, payload: Uint8Array) => Uint8Array | undefined

/** Answers one kind of request. A throw in a NATS callback would end the connection's reading: nothing here throws. */
export interface Endpoint {
  readonly stats: EndpointStats
  /** Answers in this tick if the answer is in memory. */
  answeredAtOnce(message: Msg): boolean
  answer(message: Msg): Promise<void>
}

export function createEndpoint({
  route,
  queue,
  tokenbus,
  readCached,
  logger,
}: {
  route: RequestRoute
  queue: string
  tokenbus: Tokenbus
  readCached: ReadCached | undefined
  logger: Logger | undefined
}): Endpoint {
  const { verb, subject, of } = route
  const idStart = verb.length + 1
  const stats: EndpointStats = {
    name: verb.replaceAll('.', '-'),
    subject,
    queue_group: queue,
    num_requests: 0,
    num_errors: 0,
    last_error: '',
    processing_time: 0,
  }

  async function resultOf(message: Msg): Promise<Result<unknown>> {
    const id = of === undefined ? { ok: true as const, value: '' } : decodeId(message.subject.slice(idStart))
    return id.ok ? route.answer({ tokenbus, id: id.value, payload: message.data }) : id
  }

  function send(message: Msg, result: Result<unknown>): void {
    if (result.ok) {
      respond(message, result.value)
    } else {
      countError(result.failure.error)
      respondFailure(message, result.failure)
    }
  }

  function recover(message: Msg, thrown: unknown): void {
    try {
      if (isTooLarge(thrown)) {
        send(message, fail('bad_request', 'limit: the answer is larger than a NATS message may be'))
      } else if (thrown instanceof StorageUnavailable) {
        send(message, fail('storage_unavailable', 'the storage cannot be reached', { retryAfter: 1 }))
      } else {
        countError('internal_error')
        logger?.error({ err: thrown, verb }, 'a request failed')
        respondInternalError(message)
      }
    } catch (err) {
      logger?.error({ err, verb }, 'an answer could not be sent')
    }
  }

  function countError(word: string): void {
    stats.num_errors++
    stats.last_error = word
  }

  return {
    stats,

    answeredAtOnce(message) {
      if (readCached === undefined) return false
      try {
        const bytes = readCached(message.subject.slice(idStart), message.data)
        if (bytes === undefined) return false
        stats.num_requests++
        message.respond(bytes)
        return true
      } catch (err) {
        logger?.error({ err, verb }, 'an answer from memory failed')
        return false
      }
    },

    async answer(message) {
      const started = performance.now()
      try {
        send(message, await resultOf(message))
      } catch (thrown) {
        recover(message, thrown)
      }
      stats.num_requests++
      stats.processing_time += Math.round((performance.now() - started) * 1e6)
    },
  }
}
