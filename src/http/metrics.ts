import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics/metrics.ts'

/** For Prometheus. No account and no secret is named, so it is open to whoever reaches the port. */
export function metricsRoute(server: FastifyInstance, { text, contentType }: Metrics): void {
  server.get('/metrics', { config: { access: 'open' } }, async (_, reply) =>
    reply.type(contentType).send(await text()),
  )
}
