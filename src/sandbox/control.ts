import fastify, { type FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Sandbox } from './sandbox.ts'

const milliseconds = z.strictObject({ ms: z.number().int().min(0).max(3_600_000) })
const nothing = z.strictObject({}).optional()

/**
 * The sandbox's failure simulation over HTTP, for the command line: `POST /sandbox/<verb>`, `GET /sandbox/status`. The header
 * `x-sandbox` is required because a page in a browser cannot send it without a CORS preflight.
 */
export function controlRoutes(control: Sandbox['control'], client: () => Sandbox['client']): FastifyInstance {
  const server = fastify()
  server.addHook('onRequest', async (request, reply) => {
    if (request.headers['x-sandbox'] === undefined)
      return reply.code(403).send({ error: 'the header x-sandbox is required' })
  })
  const lever = <T>(verb: string, schema: z.ZodType<T>, pull: (body: T) => object | undefined) =>
    server.post(`/sandbox/${verb}`, async (request, reply) => {
      const body = schema.safeParse(request.body ?? undefined)
      if (!body.success) return reply.code(400).send({ error: z.prettifyError(body.error) })
      return { ...pull(body.data), status: control.status() }
    })
  lever('revoke', z.strictObject({ user: z.string().min(1) }), ({ user }) => ({
    revoked: control.revoke(user),
  }))
  lever('expire-secret', nothing, () => void control.expireSecret())
  lever('new-secret', nothing, () => ({ secret: control.newSecret().reveal() }))
  lever('outage', milliseconds, ({ ms }) => void control.outage(ms))
  lever('slow', milliseconds, ({ ms }) => void control.slow(ms))
  lever(
    'lose-answer',
    z.strictObject({ times: z.number().int().min(1).max(100).optional() }).optional(),
    (body) => void control.loseAnswer(body?.times),
  )
  lever('heal', nothing, () => void control.heal())
  server.get('/sandbox/status', async () => control.status())
  server.get('/sandbox/client', async () => ({ id: client().id, secret: client().secret.reveal() }))
  return server
}
