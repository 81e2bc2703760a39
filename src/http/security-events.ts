import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { idSchema } from '../contract/fields.ts'
import { KeysUnavailable } from '../security-events/key-sets.ts'
import type { ReceiveEvents } from '../security-events/receive.ts'
import type { Operation } from './operation.ts'

const mediaType = 'application/secevent+jwt'
const largestToken = 65_536

export const securityEventsOperation: Operation = {
  method: 'POST',
  url: '/v1/security-events/:app',
  summary: 'Push delivery of security event tokens (RFC 8935), authenticated by their signature',
  access: 'open',
  params: z.strictObject({ app: idSchema }),
  body: { type: mediaType, schema: z.string().max(largestToken), required: true },
  answers: {
    202: { description: 'Acted upon' },
    400: { description: 'Not taken', schema: z.strictObject({ err: z.string(), description: z.string() }) },
    503: { description: 'The keys of its issuer cannot be fetched now, or nothing can be stored' },
  },
}

/** Push delivery of security event tokens (RFC 8935), authenticated by their signature. */
export function securityEventsRoute(server: FastifyInstance, receiveEvents: ReceiveEvents): void {
  server.register(async (scope) => {
    const parse = { parseAs: 'string' as const, bodyLimit: largestToken }
    scope.addContentTypeParser(mediaType, parse, (_, body, done) => done(null, body))
    scope.post<{ Params: { app: string } }>(
      '/v1/security-events/:app',
      { config: { access: 'open' } },
      async ({ params, body }, reply) => {
        try {
          const text = typeof body === 'string' ? body.trim() : ''
          const notTaken = await receiveEvents(params.app, text)
          if (notTaken === null) return reply.code(202).send()
          return reply.code(400).header('content-language', 'en').send(notTaken)
        } catch (error) {
          if (!(error instanceof KeysUnavailable)) throw error
          return reply.code(503).header('retry-after', 30).send()
        }
      },
    )
  })
}
