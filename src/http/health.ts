import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { countSchema, type Sent, textsSchema } from '../contract/fields.ts'
import type { Operation } from './operation.ts'

/** What is not ready; empty if the node can serve. `outboxLag` in seconds; null while Redis is unavailable. */
const readySchema = z.strictObject({
  missing: textsSchema,
  reasons: textsSchema.optional().describe('sentences for the operator'),
  outboxLag: z.number().nullable(),
})
export type Ready = Sent<typeof readySchema>

/**
 * `behind`: some events have waited for over a minute, others are published. `stalled`: the stream accepts none.
 * Nothing is lost: events wait in Redis, and tokens are served. `unknown`: Redis is unavailable.
 */
const eventsHealthSchema = z.strictObject({
  status: z.enum(['ok', 'behind', 'stalled', 'unknown']),
  outboxLag: z.number().nullable().describe('age of the oldest event in seconds'),
  waiting: countSchema.nullable(),
  reason: z.string().optional().describe('why the stream accepts no events: the last error of NATS'),
})
export type EventsHealth = Sent<typeof eventsHealthSchema>

export interface Health {
  readiness(): Promise<Ready>
  events(): Promise<EventsHealth>
}

const check = { method: 'GET', access: 'open' } as const
const readyReply = readySchema.extend({ status: z.enum(['ok', 'unready']) })

export const healthOperations: readonly Operation[] = [
  {
    ...check,
    url: '/livez',
    summary: 'Does the process run?',
    answers: { 200: { description: 'It does', schema: z.strictObject({ status: z.literal('ok') }) } },
  },
  {
    ...check,
    url: '/readyz',
    summary: 'Can this node serve?',
    answers: {
      200: { description: 'It can', schema: readyReply },
      503: { description: 'It cannot', schema: readyReply },
    },
  },
  {
    ...check,
    url: '/healthz/events',
    summary: 'Do events reach their stream?',
    answers: {
      200: { description: 'Events are published, possibly late', schema: eventsHealthSchema },
      503: { description: 'Events are not published, or it is unknown', schema: eventsHealthSchema },
    },
  },
]

/**
 * For orchestrators: `/livez` while the process runs, `/readyz` while this node can serve. For people and alerts only:
 * `/healthz/events`, since no other node could publish events that this one cannot.
 */
export function healthRoutes(server: FastifyInstance, { readiness, events }: Health): void {
  server.get('/livez', { config: { access: 'open' } }, async () => ({ status: 'ok' }))
  server.get('/readyz', { config: { access: 'open' } }, async (_, reply) => {
    const ready = await readiness()
    const well = ready.missing.length === 0
    return reply.code(well ? 200 : 503).send({ status: well ? 'ok' : 'unready', ...ready })
  })
  server.get('/healthz/events', { config: { access: 'open' } }, async (_, reply) => {
    const health = await events()
    return reply.code(health.status === 'stalled' || health.status === 'unknown' ? 503 : 200).send(health)
  })
}
