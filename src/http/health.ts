import type { FastifyInstance } from 'fastify'

/** Names what is not ready; empty when the node can serve. */
export type Readiness = () => Promise<readonly string[]>

/** For orchestrators: `/livez` while the process runs, `/readyz` once what it needs answers. */
export function healthRoutes(server: FastifyInstance, readiness: Readiness): void {
  server.get('/livez', { config: { access: 'open' } }, async () => ({ status: 'ok' }))
  server.get('/readyz', { config: { access: 'open' } }, async (_, reply) => {
    const missing = await readiness()
    return reply
      .code(missing.length === 0 ? 200 : 503)
      .send({ status: missing.length === 0 ? 'ok' : 'unready', missing })
  })
}
