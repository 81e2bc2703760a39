import fastify from 'fastify'
import { StartError } from '../start-error.ts'

export interface HttpOptions {
  readonly host: string
  readonly port: number
  /** Names what is not ready; empty when the node can serve. */
  readiness(): Promise<readonly string[]>
}

/** Health for orchestrators: `/livez` while the process runs, `/readyz` once NATS and Redis answer. */
export async function startHttp({
  host,
  port,
  readiness,
}: HttpOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const server = fastify({ forceCloseConnections: true })
  server.get('/livez', async () => ({ status: 'ok' }))
  server.get('/readyz', async (_, reply) => {
    const missing = await readiness()
    return reply
      .code(missing.length === 0 ? 200 : 503)
      .send({ status: missing.length === 0 ? 'ok' : 'unready', missing })
  })
  try {
    return { url: await server.listen({ host, port }), stop: () => server.close() }
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const why = taken ? 'is taken' : 'cannot be listened on'
    throw new StartError(
      `HTTP port ${host}:${port} ${why}; set TOKENBUS_HTTP_PORT to a free one (0 picks any).`,
      { cause },
    )
  }
}
