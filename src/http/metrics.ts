import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics/metrics.ts'
import type { Health } from './health.ts'

/** For Prometheus. Apps are named, but no account and no secret, so it is open to whoever reaches the port. */
export function metricsRoute(
  server: FastifyInstance,
  { text, contentType, ready }: Metrics,
  { readiness }: Pick<Health, 'readiness'>,
): void {
  server.get('/metrics', { config: { access: 'open' } }, async (_, reply) => {
    ready((await readiness()).missing.length === 0)
    return reply.type(contentType).send(await text())
  })
}
