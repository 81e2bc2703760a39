import fastify from 'fastify'

/** The floor in a process of its own: a bare Fastify route that answers what it was started with. */
const [body] = process.argv.slice(2) as [string]
const bytes = Buffer.from(body)
const server = fastify()
server.get('/v1/account/:account/oauth-token', (_, reply) =>
  reply.header('content-type', 'application/json; charset=utf-8').send(bytes),
)
const url = await server.listen({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.(url))
process.send?.('ready')
