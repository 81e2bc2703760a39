import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Metrics } from '../metrics/metrics.ts'
import type { Health } from './health.ts'
import type { Operation } from './operation.ts'

export const metricsOperation: Operation = {
  method: 'GET',
  url: '/metrics',
  summary: 'Metrics of this node and of the cluster, for Prometheus',
  access: 'open',
  answers: {
    200: { description: 'In the text format of Prometheus', type: 'text/plain', schema: z.string() },
  },
}

/** For Prometheus. Contains names of apps, but no accounts and secrets, so it is public. */
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
