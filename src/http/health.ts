import type { FastifyInstance } from 'fastify'

/** What is not ready: nothing when the node can serve. `outboxLag` in seconds; null while Redis cannot be asked. */
export interface Ready {
  readonly missing: readonly string[]
  /** Sentences for whoever has to put it right. */
  readonly reasons?: readonly string[]
  readonly outboxLag: number | null
}

export interface EventsHealth {
  /**
   * `behind`: events have waited for over a minute, and others move. `stalled`: their stream takes none. Nothing is lost:
   * they wait in Redis, and tokens are served meanwhile. `unknown`: Redis cannot be asked.
   */
  readonly status: 'ok' | 'behind' | 'stalled' | 'unknown'
  /** Seconds the oldest has waited. */
  readonly outboxLag: number | null
  readonly waiting: number | null
  /** Why the stream takes none, as NATS said it last. */
  readonly reason?: string
}

export interface Health {
  readiness(): Promise<Ready>
  events(): Promise<EventsHealth>
}

/**
 * For orchestrators: `/livez` while the process runs, `/readyz` while this node can serve. For people and alerts, never for
 * a probe: `/healthz/events`, since no other node could publish what this one cannot.
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
