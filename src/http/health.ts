import type { FastifyInstance } from 'fastify'

/** What is not ready: nothing when the node can serve. `outboxLag` in seconds; null while Redis cannot be asked. */
export interface Ready {
  readonly missing: readonly string[]
  readonly outboxLag: number | null
}

export type Readiness = () => Promise<Ready>

/** For orchestrators: `/livez` while the process runs, `/readyz` once what it needs answers. */
export function healthRoutes(server: FastifyInstance, readiness: Readiness): void {
  server.get('/livez', { config: { access: 'open' } }, async () => ({ status: 'ok' }))
  server.get('/readyz', { config: { access: 'open' } }, async (_, reply) => {
    const ready = await readiness()
    const well = ready.missing.length === 0
    return reply.code(well ? 200 : 503).send({ status: well ? 'ok' : 'unready', ...ready })
  })
}
